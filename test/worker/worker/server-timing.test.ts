import { describe, expect, test } from "vitest";
import { clientOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const TIMING = { debug_timing: true };

function timingOf(response: Response): string | null {
  return response.headers.get("server-timing")?.replaceAll(/dur=\d+/g, "dur=N") ?? null;
}

describe("6.6 Server-Timing", () => {
  test("is not there unless the policy says so, and the origin's own is kept and replayed like any field", async () => {
    scriptOrigin(() => new Response("ok", { headers: { "server-timing": "db;dur=53" } }));
    const client = clientOf();
    const key = uniqueKey();
    for (const _ of [1, 2]) {
      const response = await client.post(PATH, { key });
      expect(response.headers.get("server-timing")).toBe("db;dur=53");
    }
  });

  test("shows the first client gateway and origin, behind the origin's own", async () => {
    scriptOrigin(() => new Response("ok", { headers: { "server-timing": "db;dur=53" } }));
    const response = await clientOf(TIMING).post(PATH, {});
    expect(response.headers.get("server-timing")).toMatch(/^db;dur=53, oncegate;dur=\d+, origin;dur=\d+$/);
  });

  test("shows a retry the gateway alone: the origin was measured at another time", async () => {
    scriptOrigin(() => new Response("ok", { headers: { "server-timing": "db;dur=53" } }));
    const client = clientOf(TIMING);
    const key = uniqueKey();
    await client.post(PATH, { key });
    expect(timingOf(await client.post(PATH, { key }))).toBe("oncegate;dur=N");
  });

  test("shows how long a joined request waited, and a refused one", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const client = clientOf(TIMING);
    const key = uniqueKey();
    const first = client.post(PATH, { key });
    await origin.arrived(1);
    const joining = client.post(PATH, { key });
    expect(timingOf(await client.post(PATH, { key, headers: { prefer: "wait=0" } }))).toMatch(/^oncegate;dur=N/);
    await scheduler.wait(5);
    held.release();
    expect(timingOf(await first)).toBe("oncegate;dur=N, origin;dur=N");
    expect(timingOf(await joining)).toBe("oncegate;dur=N, wait;dur=N, origin;dur=N");
    expect(timingOf(await client.post(PATH, { headers: { authorization: null } }))).toBe("oncegate;dur=N");
  });

  test("may be for one route, and is not on what passes through", async () => {
    scriptOrigin();
    const client = clientOf({ routes: [{ match: "POST /v1/charges", ...TIMING }] });
    expect(timingOf(await client.post(PATH, {}))).toBe("oncegate;dur=N, origin;dur=N");
    expect(timingOf(await client.post("/v1/else", {}))).toBeNull();
    expect(timingOf(await client.post(PATH, { key: null }))).toBeNull();
  });
});
