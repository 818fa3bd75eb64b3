import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { digestOf } from "../../../src/identity/digest.ts";
import { statusOf, uniqueKey } from "../../support/gateway.ts";
import { type Entry } from "../../support/journal.ts";
import { type Operator, eventually, idOf, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { changeRow } from "../../support/records.ts";

/** The buffer of counts is sent at once when it holds this many. */
const EVENTS = 500;

/** A wildcard entry of the test's own, with operators. */
function wildcard(fields: Record<string, unknown> = {}) {
  const suffix = `${uniqueKey()}.test`;
  const entry = { origin: "http://origin.test", caller: ["authorization"], ...fields };
  return { name: `*.${suffix}`, operator: operatorOf({}, { [`*.${suffix}`]: entry }), made: `made-up.${suffix}` };
}

function post({ client }: Operator, host: string, headers: Record<string, string> = {}): Promise<Response> {
  return client.fetch(`https://${host}/v1/charges`, {
    method: "POST",
    headers: { authorization: "Bearer a", ...headers },
  });
}

function tablesOf(journal: string): Promise<unknown[]> {
  return runInDurableObject(env.JOURNALS.getByName(journal), (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
  );
}

interface Counts {
  readonly total: Record<string, number>;
}

const countsAt = async (operator: Operator, host: string): Promise<Counts> =>
  (await operator.get("/counts?hours=2", { host })).json<Counts>();

describe("O5 the journal of a wildcard entry", () => {
  test.each<[string, Record<string, unknown>, Record<string, string>, number]>([
    ["without a key", {}, {}, 200],
    ["observed, without a key", { mode: "observe" }, {}, 200],
    ["that are refused", { key: "required" }, {}, 400],
    ["with a key that is not valid", {}, { "idempotency-key": '"' }, 400],
    ["of nobody", {}, { authorization: "", "idempotency-key": "k" }, 400],
  ])("is not made by requests to made-up hostnames %s", async (_, fields, headers, status) => {
    scriptOrigin();
    const { name, operator, made } = wildcard(fields);
    // More than the buffer holds, so that it has been sent at least once when a later journal has its counts.
    for (let n = 0; n < 50; n++) expect((await post(operator, `${n}.${made}`, headers)).status).toBe(status);
    await flushed();
    expect(await countsAt(operator, made)).toMatchObject({ total: { executed: 0, refused: 0, keyless: 0 } });
    expect((await operator.get("/journal", { host: made })).status).toBe(200);
    for (const journal of [name, made, `0.${made}`]) expect(await tablesOf(journal)).toEqual([]);
  });

  test("is one for all its hostnames, made at the first keyed request that reached the origin", async () => {
    scriptOrigin(() => new Response("?", { status: 502 }));
    const { name, operator, made } = wildcard();
    for (const host of [`a.${made}`, `b.${made}`]) {
      expect(statusOf(await post(operator, host, { "idempotency-key": uniqueKey() }))).toBe("unknown");
    }
    const entries = await eventually(
      async () => (await (await operator.get("/journal", { host: made })).json<{ entries: Entry[] }>()).entries,
      (listed) => listed.length === 2,
    );
    expect(entries.map(({ hostname }) => hostname).sort()).toEqual([`a.${made}`, `b.${made}`]);
    await flushed();
    const { total } = await eventually(
      () => countsAt(operator, `c.${made}`),
      ({ total }) => total["unknown"] === 2,
    );
    expect(total).toMatchObject({ unknown: 2 });
    expect(await tablesOf(name)).not.toEqual([]);
    for (const journal of [`a.${made}`, `b.${made}`, `c.${made}`, made]) expect(await tablesOf(journal)).toEqual([]);
  });
});

describe("O1 a record of another hostname of the same entry", () => {
  test("is seen and released through any of them, also where the rest of it can't be read", async () => {
    const origin = scriptOrigin();
    const { operator, made } = wildcard();
    const [path, key, tenant] = ["/v1/charges", uniqueKey(), `a.${made}`];
    expect(statusOf(await post(operator, tenant, { "idempotency-key": key }))).toBe("executed");
    const id = await idOf(key, path, { tenant, caller: await digestOf(["caller", "authorization", "bearer a"]) });
    const through = { host: `b.${made}` };
    const seen = async (options: { host?: string }) => (await operator.get(`/records/${id}`, options)).json();
    expect(await seen(through)).toMatchObject({ state: "completed", tenant });
    await changeRow(env.KEYS.getByName(id), { operation: 5 });
    expect(await seen(through)).toMatchObject({ state: "unreadable" });
    // A hostname that another entry serves.
    expect(await seen({})).toMatchObject({ code: "not_found" });
    expect((await operator.post(`/records/${id}/release`, { why: "damaged" })).status).toBe(404);
    expect((await operator.post(`/records/${id}/release`, { why: "damaged" }, through)).status).toBe(200);
    expect(statusOf(await post(operator, tenant, { "idempotency-key": key }))).toBe("executed");
    expect(origin.received).toHaveLength(2);
  });
});

/** Sends what is counted so far to the journals, by counting more. */
async function flushed(): Promise<void> {
  scriptOrigin();
  const operator = operatorOf();
  await post(operator, "api.test", { "idempotency-key": uniqueKey() });
  const before = await countsAt(operator, "api.test");
  for (let n = 0; n <= EVENTS; n++) await post(operator, "api.test");
  await eventually(
    () => countsAt(operator, "api.test"),
    ({ total }) => (total["keyless"] ?? 0) > (before.total["keyless"] ?? 0),
  );
}
