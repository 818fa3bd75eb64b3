import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test, vi } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectOf } from "../../support/records.ts";

/** Bound where the Worker runs, and not where the key objects run: the object meets the fault, not the configuration. */
const ONLY_AT_THE_WORKER = { LATE_SECRET: "s3cret", LATE_SERVICE: { fetch: () => Promise.resolve(new Response()) } };

const FAULTS = [
  ["a secret", { origin_auth: "secret:LATE_SECRET" }, "LATE_SECRET"],
  ["a service binding", { origin: "service:LATE_SERVICE" }, "LATE_SERVICE"],
] as const;

async function storedFor(key: string): Promise<unknown> {
  return runInDurableObject(await objectOf(key, "/v1/charges"), async (_, { storage }) => ({
    values: [...storage.kv.list()].length,
    alarm: await storage.getAlarm(),
  }));
}

describe.each(FAULTS)("P6: an object that lacks %s", (_, entry, name) => {
  test("sends nothing, writes nothing, and says so", async () => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const origin = scriptOrigin();
    const key = uniqueKey();
    const response = await clientOf(entry, {}, ONLY_AT_THE_WORKER).post("/v1/charges", { key });
    expect(await problemOf(response)).toBe("500 misconfigured");
    expect(statusOf(response)).toBe("refused");
    expect(origin.received).toEqual([]);
    expect(await storedFor(key)).toEqual({ values: 0, alarm: null });
    const { detail } = await response.json<{ detail: string }>();
    const id = /under ([0-9a-f-]{36})\.$/.exec(detail)?.[1] ?? "no id";
    const line = logged.mock.calls.map(([text]) => String(text)).find((text) => text.includes(id));
    expect(line).toContain(name);
    logged.mockRestore();

    // When the deployment is mended, the same key runs.
    expect(statusOf(await clientOf().post("/v1/charges", { key }))).toBe("executed");
  });

  test("leaves an unknown record unknown, and the refusal is marked so", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const origin = scriptOrigin(() => new Response(null, { status: 502 }));
    const [key, policy] = [uniqueKey(), { on_unknown: "retry" }];
    expect(statusOf(await clientOf(policy).post("/v1/charges", { key }))).toBe("unknown");
    const response = await clientOf({ ...policy, ...entry }, {}, ONLY_AT_THE_WORKER).post("/v1/charges", { key });
    expect([await problemOf(response), statusOf(response)]).toEqual(["500 misconfigured", "unknown"]);
    expect(origin.received).toHaveLength(1);
  });
});

test("a probe that can't be sent leaves the record unknown", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const origin = scriptOrigin(() => new Response(null, { status: 502 }));
  const [key, policy] = [uniqueKey(), { on_unknown: "probe", probe: "/v1/idempotency/{key}" }];
  expect(statusOf(await clientOf(policy).post("/v1/charges", { key }))).toBe("unknown");
  const broken = clientOf({ ...policy, origin_auth: "secret:LATE_SECRET" }, {}, ONLY_AT_THE_WORKER);
  expect(await problemOf(await broken.post("/v1/charges", { key }))).toBe("409 outcome_unknown");
  expect(origin.received).toHaveLength(1);
});
