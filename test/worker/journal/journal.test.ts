import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { HOST, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { type Entry, entriesOf, entryOf } from "../../support/journal.ts";
import { TOKEN, eventually, idOf, operatorOf, operatorWith } from "../../support/operator.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { changeRow, changeRowIn, objectOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const unknown = () => new Response("?", { status: 502 });

/** An attempt that keeps running after its 504. */
async function timedOut(entry: Record<string, unknown> = {}) {
  const held = heldAnswer();
  const { answer, release } = held;
  const origin = scriptOrigin(answer);
  const operator = operatorOf({ origin_timeout: "100ms", ...entry });
  const key = uniqueKey();
  expect((await operator.client.post(PATH, { key })).status).toBe(504);
  return { origin, operator, client: operator.client, key, id: await idOf(key, PATH), release };
}

describe("O5 the journal", () => {
  test("lists an unknown outcome, and each later change of the record", async () => {
    const { operator, client, key, id } = await operatorWith(unknown);
    const [entry] = await entryOf(operator, id, "unknown");
    expect(entry).toMatchObject({ cause: "attempt", operation: "POST /v1/charges", attempt: 1, times: 1 });
    expect(await entriesOf(operator, id, "?state=unknown&operation=POST%20/v1/charges")).toHaveLength(1);
    expect(await entriesOf(operator, id, "?state=unknown&operation=POST%20/v1/other")).toEqual([]);
    expect(await entriesOf(operator, id, "?state=unknown&older_than=1h")).toEqual([]);
    expect(await entriesOf(operator, id, "?state=tombstone")).toEqual([]);
    await operator.post(`/records/${id}/settle`, { outcome: "final", status: 200, why: "x" });
    expect(await entryOf(operator, id, "completed")).toMatchObject([{ cause: "settled", expires: null }]);
    await operator.post(`/records/${id}/purge`, { why: "x" });
    expect(await entryOf(operator, id, "tombstone")).toMatchObject([{ cause: "purged" }]);
    await operator.post(`/records/${id}/release`, { why: "x" });
    expect(await entryOf(operator, id, "none")).toMatchObject([{ cause: "released" }]);
    expect(statusOf(await client.post(PATH, { key }))).toBe("unknown");
    expect(await entryOf(operator, id, "unknown")).toMatchObject([{ cause: "attempt" }]);
  });

  test("lists a timeout, and the late answer that resolves it", async () => {
    const { operator, id, release } = await timedOut();
    expect(await entryOf(operator, id, "unknown")).toMatchObject([{ cause: "timeout" }]);
    release();
    expect(await entryOf(operator, id, "completed")).toMatchObject([{ cause: "attempt" }]);
  });

  test("lists a late answer where it belongs, also where another tenant has asked for the record", async () => {
    const { operator, id, release } = await timedOut();
    const other = operatorOf({}, { "other.test": { origin: "http://origin.test", caller: [] } });
    expect((await other.get(`/records/${id}`, { host: "other.test" })).status).toBe(404);
    release();
    expect(await entryOf(operator, id, "completed")).toMatchObject([{ cause: "attempt" }]);
  });

  test("lists the answer of a second attempt, and nothing of one that is undone", async () => {
    const { origin, operator, client, key, id } = await operatorWith(unknown, { on_unknown: "retry" });
    const [entry] = await entryOf(operator, id, "unknown");
    origin.answers(() => new Response("", { status: 429 }));
    expect(statusOf(await client.post(PATH, { key }))).toBe("unknown");
    origin.answers(() => new Response("ok"));
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
    const [cleared] = await entryOf(operator, id, "completed");
    expect(cleared).toMatchObject({ cause: "attempt", attempt: 2 });
    expect(Date.parse(cleared?.since ?? "")).toBeGreaterThanOrEqual(Date.parse(entry?.since ?? ""));
  });

  test("lists a probe that resolves the outcome", async () => {
    const { origin, operator, client, key, id } = await operatorWith(unknown, {
      on_unknown: "probe",
      probe: "/v1/idempotency/{key}",
    });
    origin.answers(() => new Response("", { headers: { "oncegate-outcome": "final", "oncegate-status": "200" } }));
    expect(statusOf(await client.post(PATH, { key }))).toBe("replayed");
    expect(await entryOf(operator, id, "completed")).toMatchObject([{ cause: "probe" }]);
  });

  test("lists a tombstone", async () => {
    const { operator, id } = await operatorWith(() => new Response("too large"), { max_response_bytes: 3 });
    expect(await entryOf(operator, id, "tombstone")).toMatchObject([{ cause: "attempt" }]);
  });

  test("lists mismatches with a key, and groups those within a minute", async () => {
    const { operator, client, key, id } = await operatorWith(() => new Response("ok"));
    for (const json of [1, 2, 3]) expect((await client.post(PATH, { key, json })).status).toBe(422);
    expect(await entryOf(operator, id, "mismatch")).toMatchObject([{ cause: "key_reused", times: 1 }]);
  });

  test("lists an attempt whose process died, when a request finds it", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const operator = operatorOf();
    const key = uniqueKey();
    const first = operator.client.post(PATH, { key }).catch(() => null);
    await origin.arrived(1);
    await abortAllDurableObjects();
    await first;
    held.release();
    const [entry] = await entryOf(operator, await idOf(key, PATH), "unknown");
    expect(entry).toMatchObject({ cause: "process_died" });
  });

  test.each([
    [
      "settle",
      { outcome: "not-executed", why: "x" },
      200,
      [
        ["unknown", "process_died"],
        ["none", "settled"],
      ],
    ],
    ["release", { why: "x" }, 200, [["none", "released"]]],
    // The record stays, so the entry appears.
    ["purge", { why: "x" }, 409, [["unknown", "process_died"]]],
  ] as const)(
    "lists it in order if an operator's %s is the first to find it",
    async (action, given, status, expected) => {
      // Creates the journal's tables.
      await operatorWith(unknown).then(({ operator, id }) => entryOf(operator, id, "unknown"));
      const { operator, key, id } = await operatorWith(() => new Response("ok"));
      await abortAllDurableObjects();
      await changeRow(await objectOf(key, PATH), { state: "pending", term_ms: 3600000, status: null, headers: null });
      const journal = env.JOURNALS.getByName(HOST);
      await runInDurableObject(journal, (_, { storage }) => {
        storage.sql.exec("CREATE TABLE IF NOT EXISTS reported (record, state, cause)");
        storage.sql.exec(`CREATE TRIGGER IF NOT EXISTS note BEFORE INSERT ON entry
        BEGIN INSERT INTO reported VALUES (NEW.record, NEW.state, NEW.cause); END`);
      });
      expect((await operator.post(`/records/${id}/${action}`, given)).status).toBe(status);
      // This event follows it in the same journal, so the earlier ones have arrived.
      const later = await operatorWith(unknown);
      await entryOf(operator, later.id, "unknown");
      const reported = await runInDurableObject(journal, (_, { storage }) => {
        const rows = [...storage.sql.exec("SELECT state, cause FROM reported WHERE record = ?", id).raw()];
        storage.sql.exec("DROP TRIGGER note");
        storage.sql.exec("DROP TABLE reported");
        return rows;
      });
      expect(reported).toEqual(expected);
    },
  );

  test("lists it when the watchdog finds it, without a call that names the journal", async () => {
    const { key, id } = await operatorWith(() => new Response("ok"));
    await abortAllDurableObjects();
    const object = await objectOf(key, PATH);
    await runInDurableObject(object, (instance, { storage }) => {
      changeRowIn(storage, { state: "pending", term_ms: 3600000, status: null, headers: null });
      Reflect.set(Reflect.get(instance, "env"), "OPERATOR_TOKEN", TOKEN);
    });
    await runDurableObjectAlarm(object);
    // In the object's own configuration the hostname is served by `*`, and so is its journal.
    const wide = operatorOf({}, { "*": { origin: "http://origin.test", caller: [] } });
    const look = async () =>
      (await (await wide.get("/journal", { host: "any.test" })).json<{ entries: Entry[] }>()).entries;
    const listed = await eventually(look, (entries) => entries.some(({ record }) => record === id));
    expect(listed.find(({ record }) => record === id)).toMatchObject({ hostname: HOST, cause: "process_died" });
    await runInDurableObject(
      object,
      (instance) => void Reflect.deleteProperty(Reflect.get(instance, "env"), "OPERATOR_TOKEN"),
    );
  });

  test("leads to a record with a derived key, which is settled for its window only", async () => {
    const origin = scriptOrigin(unknown);
    const path = `/v1/${uniqueKey()}`;
    const operator = operatorOf({ derive_key: { window: "5m" } });
    const ask = () => operator.client.post(path, { key: null, json: { amount: 5 } });
    expect(statusOf(await ask())).toBe("unknown");
    const [entry] = await eventually(
      async () => {
        const query = `/journal?operation=${encodeURIComponent(`POST ${path}`)}`;
        return (await (await operator.get(query)).json<{ entries: Entry[] }>()).entries;
      },
      (entries) => entries.length > 0,
    );
    const given = { outcome: "final", status: 201, body: "charged", why: "x" };
    expect((await operator.post(`/records/${entry?.record}/settle`, given)).status).toBe(200);
    const { since, expires } = await (
      await operator.get(`/records/${entry?.record}`)
    ).json<{ since: string; expires: string }>();
    expect(Date.parse(expires) - Date.parse(since)).toBe(5 * 60 * 1000);
    expect(await (await ask()).text()).toBe("charged");
    expect(origin.received).toHaveLength(1);
  });

  test("lists nothing for a request that completes or is undone at once", async () => {
    const { operator, client, key, id } = await operatorWith(() => new Response("ok"));
    await client.post(PATH, { key });
    const undone = uniqueKey();
    scriptOrigin(() => new Response("", { status: 429 }));
    await client.post(PATH, { key: undone });
    // This event follows both in the same journal, so theirs would have arrived.
    const other = await operatorWith(unknown);
    await entryOf(operator, other.id, "unknown");
    for (const record of [id, await idOf(undone, PATH)]) expect(await entriesOf(operator, record)).toEqual([]);
  });

  test("is not created on a hostname without operators", async () => {
    scriptOrigin(unknown);
    const host = "without-operators.test";
    const { client } = operatorOf({}, { [host]: { origin: "http://origin.test", caller: [] } }, {});
    const response = await client.fetch(`https://${host}${PATH}`, {
      method: "POST",
      headers: { "idempotency-key": uniqueKey() },
    });
    expect(response.status).toBe(502);
    // A later event has arrived, so an earlier one would have too.
    const later = await operatorWith(unknown);
    await entryOf(later.operator, later.id, "unknown");
    const tables = await runInDurableObject(env.JOURNALS.getByName(host), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
  });

  test("changes nothing for the client if it fails", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const origin = scriptOrigin(unknown);
    const broken = operatorOf();
    const journal = env.JOURNALS.getByName(HOST);
    await entriesOf(broken, "");
    await operatorWith(unknown).then(({ operator, id }) => entryOf(operator, id, "unknown"));
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER no_entry BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'full'); END");
    });
    const key = uniqueKey();
    origin.answers(unknown);
    expect(statusOf(await broken.client.post(PATH, { key }))).toBe("unknown");
    expect(await problemOf(await broken.client.post(PATH, { key }))).toBe("409 outcome_unknown");
    await eventually(
      () => Promise.resolve(warn.mock.calls.flat().join("\n")),
      (lines) => lines.includes("journal_failed"),
    );
    await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec("DROP TRIGGER no_entry"));
    warn.mockRestore();
  });
});
