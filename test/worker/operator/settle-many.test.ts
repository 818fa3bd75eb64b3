import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { type Client, clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { auditOf, entryOf } from "../../support/journal.ts";
import { type Operator, eventually, idOf, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const NOT_EXECUTED = { outcome: "not-executed", why: "not in the ledger" } as const;
const FINAL = { outcome: "final", status: 201, body: "of all", why: "in the ledger" } as const;

interface Result {
  readonly record: string;
  readonly key: string | null;
  readonly result: string;
  readonly code: string | null;
  readonly audit: number | null;
}

interface Batch {
  readonly plan: string | null;
  readonly ready: number;
  readonly settled: number;
  readonly refused: number;
  readonly failed: number;
  readonly left: number;
  readonly cursor: string | null;
  readonly results: readonly Result[];
}

/** `count` keys of one path whose outcome is unknown, as the journal lists them. */
async function outage(count: number) {
  const origin = scriptOrigin(() => new Response("?", { status: 502 }));
  const operator = operatorOf();
  const path = `/v1/${uniqueKey()}`;
  const keys = Array.from({ length: count }, () => uniqueKey());
  for (const key of keys) await operator.client.post(path, { key });
  const filter = { operation: `POST ${path}` };
  const listed = await eventually(
    async () =>
      (await operator.get(`/journal?operation=${encodeURIComponent(filter.operation)}`)).json<{
        entries: { record: string; attempt_id: string; key: string }[];
      }>(),
    ({ entries }) => entries.length === count,
  );
  const records = listed.entries.map(({ record, attempt_id }) => ({ record, attempt_id }));
  return { origin, operator, path, keys, filter, entries: listed.entries, records };
}

const settle = (operator: Operator, json: object) => operator.post("/records/settle", json);
const batch = async (operator: Operator, json: object): Promise<Batch> => (await settle(operator, json)).json();
const stateOf = async (operator: Operator, id: string): Promise<string> =>
  (await (await operator.get(`/records/${id}`)).json<{ state?: string }>()).state ?? "none";

/** Another attempt of a listed record is unknown by now: it was released, and the client retried. */
async function replaceAttempt(operator: Operator, client: Client, path: string, key: string): Promise<string> {
  const id = await idOf(key, path);
  await operator.post(`/records/${id}/release`, { why: "x" });
  expect(statusOf(await client.post(path, { key }))).toBe("unknown");
  return id;
}

describe("O3.7 a mass settling never settles another attempt than the one that was shown", () => {
  test.each([NOT_EXECUTED, FINAL])("of a list, as %j", async (how) => {
    const { operator, path, keys, records } = await outage(3);
    const id = await replaceAttempt(operator, operator.client, path, keys[1] ?? "");
    const done = await batch(operator, { records, settle: how });
    expect([done.settled, done.refused]).toEqual([2, 1]);
    expect(done.results.find(({ record }) => record === id)).toMatchObject({
      result: "refused",
      code: "attempt_changed",
    });
    expect(await stateOf(operator, id)).toBe("unknown");
  });

  test("of a filter, where it changes between the dry run and the run", async () => {
    const { operator, path, keys, filter } = await outage(3);
    const plan = await batch(operator, { dry_run: true, filter, settle: NOT_EXECUTED });
    expect([plan.ready, plan.settled, plan.left, plan.cursor]).toEqual([3, 0, 0, null]);
    const id = await replaceAttempt(operator, operator.client, path, keys[0] ?? "");
    const late = uniqueKey();
    await operator.client.post(path, { key: late });
    await entryOf(operator, await idOf(late, path), "unknown");
    const done = await batch(operator, { filter, settle: NOT_EXECUTED, plan: plan.plan });
    expect(done.settled).toBe(2);
    expect([await stateOf(operator, id), await stateOf(operator, await idOf(late, path))]).toEqual([
      "unknown",
      "unknown",
    ]);
  });

  test("where a retry runs, or the outcome is known by now", async () => {
    const { origin, operator, path, keys, records } = await outage(2);
    const [first = "", second = ""] = await Promise.all(keys.map((key) => idOf(key, path)));
    await operator.post(`/records/${first}/settle`, FINAL);
    await operator.post(`/records/${second}/release`, { why: "x" });
    const gate = Promise.withResolvers<null>();
    origin.answers(async () => {
      await gate.promise;
      return new Response("ok");
    });
    const running = operator.client.post(path, { key: keys[1] ?? "" });
    await eventually(
      () => stateOf(operator, second),
      (state) => state === "pending",
    );
    const done = await batch(operator, { records, settle: NOT_EXECUTED });
    const codes = new Map(done.results.map(({ record, code }) => [record, code]));
    expect([codes.get(first), codes.get(second)]).toEqual(["not_unknown", "running"]);
    gate.resolve(null);
    expect(statusOf(await running)).toBe("executed");
    expect(await stateOf(operator, first)).toBe("completed");
  });

  test("nor a record of another hostname", async () => {
    const { records } = await outage(1);
    const other = operatorOf({}, { "elsewhere.test": { origin: "http://origin.test", caller: [] } });
    const response = await other.post("/records/settle", { records, settle: NOT_EXECUTED }, { host: "elsewhere.test" });
    expect(await response.json()).toMatchObject({
      settled: 0,
      refused: 1,
      results: [{ code: "not_found", key: null }],
    });
  });
});

describe("O3.7 a mass settling", () => {
  test("by a filter goes on from batch to batch, and can be done again", async () => {
    const { origin, operator, path, keys, filter } = await outage(5);
    const asked = { filter, settle: { ...FINAL, status: 200 }, batch: 2 };
    const { plan } = await batch(operator, { ...asked, dry_run: true });
    const lefts: number[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const done: Batch = await batch(operator, { ...asked, plan, ...(cursor === undefined ? {} : { cursor }) });
      lefts.push(done.left);
      cursor = done.cursor;
      for (const { record, audit } of done.results) {
        expect(await auditOf(operator, record)).toMatchObject([{ seq: audit, result: "done", why: "in the ledger" }]);
      }
    }
    expect(lefts).toEqual([3, 1, 0]);
    origin.answers(() => new Response("again"));
    for (const key of keys) expect(statusOf(await operator.client.post(path, { key }))).toBe("replayed");
    const again = await batch(operator, { ...asked, plan });
    expect([again.settled, again.failed]).toEqual([0, 0]);
  });

  test("by a list gives each record the answer of its own", async () => {
    const { operator, path, entries } = await outage(2);
    const records = entries.map(({ record, attempt_id, key }, n) => ({
      record,
      attempt_id,
      status: 200 + n,
      body: key,
    }));
    expect(await batch(operator, { dry_run: true, records, settle: FINAL })).toMatchObject({ ready: 2, settled: 0 });
    expect(await batch(operator, { records, settle: FINAL })).toMatchObject({ settled: 2, plan: null });
    for (const [n, { key }] of entries.entries()) {
      const replay = await operator.client.post(path, { key });
      expect([statusOf(replay), replay.status, await replay.text()]).toEqual(["replayed", 200 + n, key]);
    }
  });

  test.each([true, false])(
    "encodes and parses a common answer once, however many records get it (dry_run = %s)",
    async (dry) => {
      const { operator, path, keys, records } = await outage(3);
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, result: uniqueKey() });
      const encode = vi.spyOn(TextEncoder.prototype, "encode");
      const made = vi.spyOn(Headers.prototype, "keys");
      onTestFinished(() => [encode, made].forEach((spy) => spy.mockRestore()));
      const headers = { "content-type": "application/json" };
      const done = await batch(operator, { dry_run: dry, records, settle: { ...FINAL, headers, body } });
      expect([done.ready, done.settled]).toEqual(dry ? [3, 0] : [0, 3]);
      expect(encode.mock.calls.filter(([text]) => text === body)).toHaveLength(1);
      expect(made).toHaveBeenCalledTimes(1);
      if (dry) return;
      for (const key of keys) expect(await (await operator.client.post(path, { key })).text()).toBe(body);
    },
  );

  test("decodes a common answer in base64 once", async () => {
    const { operator, records } = await outage(3);
    const decode = vi.spyOn(globalThis, "atob");
    onTestFinished(() => decode.mockRestore());
    const { body: _, ...how } = FINAL;
    expect(await batch(operator, { dry_run: true, records, settle: { ...how, body_base64: "AQID" } })).toMatchObject({
      ready: 3,
    });
    expect(decode.mock.calls.filter(([text]) => text === "AQID")).toHaveLength(1);
  });

  test("refuses an answer that no record could have before it looks at any", async () => {
    const { operator, records } = await outage(1);
    for (const headers of [{ "set-cookie": "a=b" }, { ["x".repeat(257)]: "1" }]) {
      expect(await problemOf(await settle(operator, { records, settle: { ...FINAL, headers } }))).toBe(
        "400 invalid_request",
      );
    }
    expect(await stateOf(operator, records[0]?.record ?? "")).toBe("unknown");
  });

  test("does nothing where the audit log has no room for all of it", async () => {
    const { operator, records } = await outage(2);
    await runInDurableObject(env.JOURNALS.getByName("api.test"), (_, { storage }) => {
      const lines = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)";
      storage.sql.exec("DELETE FROM audit");
      storage.sql.exec(`${lines} INSERT INTO audit (at_ms, expires_ms, record) SELECT 1, 9e15, 'x' FROM n`);
    });
    const response = await settle(operator, { records, settle: NOT_EXECUTED });
    expect(await problemOf(response)).toBe("503 audit_unavailable");
    for (const { record } of records) expect(await stateOf(operator, record)).toBe("unknown");
    await runInDurableObject(env.JOURNALS.getByName("api.test"), (_, { storage }) => {
      storage.sql.exec("DELETE FROM audit WHERE record = 'x'");
    });
  });

  test("needs an operator", async () => {
    const response = await clientOf({}).fetch("https://api.test/_oncegate/v1/records/settle", { method: "POST" });
    expect(response.status).toBe(404);
    expect(await problemOf(await operatorOf().post("/records/settle", {}, { token: null }))).toBe("401 unauthorized");
  });
});

test("O3.7 a run needs the plan of a dry run of the same filter and outcome", async () => {
  const { operator, filter, records } = await outage(1);
  const { plan } = await batch(operator, { dry_run: true, filter, settle: NOT_EXECUTED });
  const [record = { record: "", attempt_id: "" }] = records;
  for (const asked of [
    { filter, settle: NOT_EXECUTED },
    { filter: {}, settle: NOT_EXECUTED, plan },
    { filter, settle: FINAL, plan },
    { filter, settle: { ...NOT_EXECUTED, why: "another reason" }, plan },
    { filter, settle: NOT_EXECUTED, plan: "1.2.3" },
    { filter, settle: NOT_EXECUTED, plan, cursor: "1" },
    { filter: { state: "tombstone" }, settle: NOT_EXECUTED, dry_run: true },
    { filter, records, settle: NOT_EXECUTED, dry_run: true },
    { settle: NOT_EXECUTED, dry_run: true },
    { records: [], settle: NOT_EXECUTED },
    { records: [record, record], settle: NOT_EXECUTED },
    { records: [{ record: record.record }], settle: NOT_EXECUTED },
    { records: Array.from({ length: 101 }, () => record), settle: NOT_EXECUTED },
    { records, settle: NOT_EXECUTED, plan },
    { records, settle: { ...NOT_EXECUTED, attempt_id: "a" } },
  ]) {
    expect(await problemOf(await settle(operator, asked))).toBe("400 invalid_request");
  }
  const own = { records: [{ ...record, body: "x" }], settle: NOT_EXECUTED };
  expect(await batch(operator, own)).toMatchObject({ settled: 0, refused: 1 });
  expect(await stateOf(operator, record.record)).toBe("unknown");
});
