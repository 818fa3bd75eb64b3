import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { uniqueKey } from "../../support/gateway.ts";
import { eventually, idOf, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { rowOf } from "../../support/records.ts";

const PATH = "/v1/orders";
const DERIVING = { derive_key: { window: "5m" } };
const SETTLED = { outcome: "final", status: 201, why: "found at the processor" };

/** Leaves an unknown outcome under a key that the gateway derives, and returns the record's id. */
async function leftUnknown(operator: ReturnType<typeof operatorOf>): Promise<string> {
  const operation = `POST /v1/orders/${uniqueKey()}`;
  await operator.client.post(operation.slice(5), { key: null, json: {} });
  const { entries } = await eventually(
    async () => (await operator.get("/journal")).json<{ entries: { record: string; operation: string }[] }>(),
    (seen) => seen.entries.some((entry) => entry.operation === operation),
  );
  return entries.find((entry) => entry.operation === operation)?.record ?? "";
}

describe("3.10.4 a record of a derived key", () => {
  test("remembers that, and is settled for the key's window", async () => {
    scriptOrigin(() => new Response("?", { status: 502 }));
    const operator = operatorOf(DERIVING);
    const id = await leftUnknown(operator);
    expect(await rowOf(env.KEYS.getByName(id))).toMatchObject({ state: "unknown", derived: true });
    expect((await operator.post(`/records/${id}/settle`, SETTLED)).status).toBe(200);
    const row = await rowOf(env.KEYS.getByName(id));
    expect(row).toMatchObject({ state: "completed", derived: true });
    expect(Number(row?.["term_ms"]) - Number(row?.["since_ms"])).toBe(5 * 60 * 1000);
  });

  test("differs from one of a sent key, whatever that looks like, which is settled for the policy's term", async () => {
    scriptOrigin(() => new Response("?", { status: 502 }));
    const operator = operatorOf({ ...DERIVING, unknown_ttl: "10m", ttl: "1h" });
    const key = uniqueKey().replaceAll("-", "").repeat(2);
    await operator.client.post(PATH, { key, json: {} });
    const id = await idOf(key, PATH);
    expect((await operator.post(`/records/${id}/settle`, SETTLED)).status).toBe(200);
    const row = await rowOf(env.KEYS.getByName(id));
    expect(row).toMatchObject({ state: "completed", derived: false });
    expect(Number(row?.["term_ms"]) - Number(row?.["since_ms"])).toBe(60 * 60 * 1000);
  });
});
