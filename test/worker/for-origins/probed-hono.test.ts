// 5.7, P1: a Hono app with a fence, behind the gateway with on_unknown = "probe".

import { Hono } from "hono";
import { describe, expect, test } from "vitest";
import { createFence, fenced, final, memoryStore, responseOf } from "../../../src/for-origins/index.ts";
import { HOST, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PROBING = { on_unknown: "probe", probe: "/v1/idempotency/{key}" } as const;

/** What happens to one attempt at the origin. */
type Fate = "answers" | "loses its answer" | "throws" | "is late";

/**
 * The gateway in front of an app whose attempts meet `fates` in turn. A late one loses its connection before its effect, which
 * `release` lets happen.
 */
function start(...fates: Fate[]) {
  const store = memoryStore();
  const fence = createFence({
    store,
    operations: ["POST /v1/charges"],
    caller: ["authorization"],
    probe: PROBING.probe,
  });
  const app = new Hono().use(fenced(fence)).post("/v1/charges", async (c) =>
    responseOf(
      await fence.run(c.req.raw, (rows, { attempt }) => {
        if (c.req.header("x-fate") === "throws") throw new Error("the ledger is full");
        rows.set(`charge ${rows.size}`, String(attempt));
        return final({ status: 201, headers: { Location: "/v1/charges/1" }, body: `by attempt ${attempt}` });
      }),
    ),
  );
  app.onError((_, c) => c.text("oh", 500));

  let late: (() => Response | Promise<Response>) | null = null;
  const origin = scriptOrigin(async ({ url, method, headers, body }) => {
    const fate = method === "POST" ? (fates.shift() ?? "answers") : "answers";
    const fields = new Headers(headers);
    fields.set("x-fate", fate);
    const answer = () => app.request(url, { method, headers: fields, ...(body.byteLength > 0 && { body }) });
    if (fate === "is late") late = answer;
    else if (fate !== "loses its answer") return answer();
    else await answer();
    throw new Error("Network connection lost.");
  });
  return {
    client: clientOf(PROBING),
    sent: () => origin.received.map(({ method, headers }) => `${method} ${headers.get("oncegate-attempt")}`),
    charges: () => [...store.rows.values()],
    release: async () => late?.(),
  };
}

async function post({ client }: ReturnType<typeof start>, key: string) {
  const response = await client.post("/v1/charges", { key, json: { amount: 1 } });
  return `${response.status} ${statusOf(response)} ${response.headers.get("location")} ${await response.text()}`;
}

describe("a fenced app behind the gateway", () => {
  test("gives the answer that got lost, and charges once", async () => {
    const api = start("loses its answer");
    const key = uniqueKey();

    expect(await post(api, key)).toMatch(/^502 unknown/);
    for (const _ of [1, 2]) expect(await post(api, key)).toBe("201 replayed /v1/charges/1 by attempt 1");
    expect(api.sent()).toEqual(["POST 1", "GET 1"]);
    expect(api.charges()).toEqual(["1"]);
  });

  test.each([`${HOST}.`, `${HOST}:8443`, `${HOST}.:8443`, HOST.toUpperCase()])(
    "charges once where a retry calls the host %s, which has the same record",
    async (host) => {
      const api = start("loses its answer");
      const key = uniqueKey();
      const send = async (host: string) => {
        const headers = { authorization: "Bearer alice", "idempotency-key": key };
        const response = await api.client.fetch(`https://${host}/v1/charges`, { method: "POST", headers });
        return `${response.status} ${statusOf(response)}`;
      };

      expect(await send(HOST)).toBe("502 unknown");
      expect(await send(host)).toBe("201 replayed");
      expect(api.sent()).toEqual(["POST 1", "GET 1"]);
      expect(api.charges()).toEqual(["1"]);
    },
  );

  test("runs again after a handler that threw, whose 500 is not final", async () => {
    const api = start("throws");
    const key = uniqueKey();

    expect(await post(api, key)).toBe("500 unknown null oh");
    expect(await post(api, key)).toBe("201 executed /v1/charges/1 by attempt 2");
    expect(await post(api, key)).toBe("201 replayed /v1/charges/1 by attempt 2");
    expect(api.sent()).toEqual(["POST 1", "GET 1", "POST 2"]);
    expect(api.charges()).toEqual(["2"]);
  });

  test("keeps an attempt that comes late from charging", async () => {
    const api = start("is late");
    const key = uniqueKey();

    expect(await post(api, key)).toMatch(/^502 unknown/);
    expect(await post(api, key)).toBe("201 executed /v1/charges/1 by attempt 2");
    const late = await api.release();

    // It gets what the later one was answered.
    expect([late?.status, await late?.text()]).toEqual([201, "by attempt 2"]);
    expect(api.charges()).toEqual(["2"]);
  });

  test("refuses a late attempt whose probe came first, also before the next one", async () => {
    const api = start("is late", "throws", "answers");
    const key = uniqueKey();

    expect(await post(api, key)).toMatch(/^502 unknown/);
    expect(await post(api, key)).toBe("500 unknown null oh");
    const late = await api.release();
    expect([late?.status, late?.headers.get("oncegate-outcome")]).toEqual([409, "not-executed"]);
    expect(await post(api, key)).toBe("201 executed /v1/charges/1 by attempt 3");
    expect(api.charges()).toEqual(["3"]);
  });
});
