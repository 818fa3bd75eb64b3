import { abortAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { type Client, HOST, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { type Operator, TOKEN, eventually, idOf, operatorOf } from "../../support/operator.ts";
import { arm } from "../../fault/workerd/storage-fault.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { changeRow, changeRowIn, objectOf } from "../../support/records.ts";

const PATH = "/v1/charges";
const unknown = () => new Response("?", { status: 502 });

interface Entry {
  readonly record: string;
  readonly state: string;
  readonly cause: string;
  readonly operation: string;
  readonly attempt: number;
  readonly times: number;
  readonly since: string;
  readonly expires: string | null;
}

interface Line {
  readonly seq: number;
  readonly record: string;
  readonly result: string | null;
}

async function entriesOf(operator: Operator, id: string, query = ""): Promise<Entry[]> {
  const { entries } = await (await operator.get(`/journal${query}`)).json<{ entries: Entry[] }>();
  return entries.filter(({ record }) => record === id);
}

/** What the journal says of a record, as soon as it says anything that `isRight`. */
function entryOf(operator: Operator, id: string, state: string): Promise<Entry[]> {
  return eventually(
    () => entriesOf(operator, id),
    (entries) => entries.some((entry) => entry.state === state),
  );
}

async function auditOf(operator: Operator, id: string): Promise<Line[]> {
  return (await (await operator.get(`/audit?record=${id}`)).json<{ lines: Line[] }>()).lines;
}

async function started(answer: () => Response = unknown, entry: Record<string, unknown> = {}) {
  const origin = scriptOrigin(answer);
  const operator = operatorOf(entry);
  const key = uniqueKey();
  const response = await operator.client.post(PATH, { key });
  return { origin, operator, client: operator.client, key, response, id: await idOf(key, PATH) };
}

/** An attempt that runs on after its 504. */
async function timedOut(entry: Record<string, unknown> = {}) {
  const held = heldAnswer();
  const { answer, release } = held;
  const origin = scriptOrigin(answer);
  const operator = operatorOf({ origin_timeout: "100ms", ...entry });
  const key = uniqueKey();
  expect((await operator.client.post(PATH, { key })).status).toBe(504);
  return { origin, operator, client: operator.client, key, id: await idOf(key, PATH), release };
}

describe("O3 nothing is done while something runs", () => {
  const ACTIONS = [
    ["settle", { outcome: "not-executed", why: "x" }],
    ["settle", { outcome: "final", status: 200, why: "x" }],
    ["release", { why: "x" }],
    ["purge", { why: "x" }],
  ] as const;

  test.each(ACTIONS)("%s %j is refused while an attempt runs on after its 504", async (action, given) => {
    const { origin, operator, client, key, id, release } = await timedOut();
    expect(await (await operator.get(`/records/${id}`)).json()).toMatchObject({ state: "unknown", running: "attempt" });
    expect(await problemOf(await operator.post(`/records/${id}/${action}`, given))).toBe("409 running");
    release();
    // The attempt's own answer stands, and nothing ran again.
    await eventually(
      async () => (await operator.get(`/records/${id}`)).json<{ state: string }>(),
      ({ state }) => state === "completed",
    );
    expect(await (await client.post(PATH, { key })).text()).toBe("ok");
    expect(origin.received).toHaveLength(1);
  });

  test.each(ACTIONS)("%s %j is refused while a probe runs", async (action, given) => {
    const { origin, operator, client, key, id } = await started(unknown, {
      on_unknown: "probe",
      probe: "/v1/idempotency/{key}",
    });
    const held = heldAnswer(() => new Response("", { headers: { "oncegate-outcome": "unknown" } }));
    origin.answers(held.answer);
    const asking = client.post(PATH, { key });
    await origin.arrived(2);
    expect(await (await operator.get(`/records/${id}`)).json()).toMatchObject({ state: "unknown", running: "probe" });
    expect(await problemOf(await operator.post(`/records/${id}/${action}`, given))).toBe("409 running");
    held.release();
    expect(await problemOf(await asking)).toBe("409 outcome_unknown");
  });

  test("what a process that died has left can be settled like any unknown outcome", async () => {
    const held = heldAnswer();
    const origin = scriptOrigin(held.answer);
    const operator = operatorOf();
    const key = uniqueKey();
    const first = operator.client.post(PATH, { key }).catch(() => null);
    await origin.arrived(1);
    await abortAllDurableObjects();
    await first;
    held.release();
    const id = await idOf(key, PATH);
    await changeRow(await objectOf(key, PATH), { state: "pending", term_ms: 3600000 });
    const settled = await operator.post(`/records/${id}/settle`, { outcome: "final", status: 200, why: "x" });
    expect(await settled.json()).toMatchObject({ before: "unknown", after: "completed" });
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe("replayed");
    expect(origin.received).toHaveLength(1);
  });
});

describe("O4 the audit", () => {
  test("says who did what, when and why, from before to after, and outlives the record", async () => {
    const { operator, id } = await started();
    const settled = await operator.post(
      `/records/${id}/settle`,
      { outcome: "not-executed", why: "not in the ledger" },
      { headers: { "oncegate-operator": "jane" } },
    );
    const { audit } = await settled.json<{ audit: number }>();
    expect((await operator.get(`/records/${id}`)).status).toBe(404);
    const [line, ...others] = await auditOf(operator, id);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      seq: audit,
      record: id,
      token: "operator",
      operator: "jane",
      action: "settle",
      given: { outcome: "not-executed" },
      why: "not in the ledger",
      result: "done",
      before: "unknown",
      after: "none",
    });
  });

  test("says which token it was, and keeps no body", async () => {
    scriptOrigin(unknown);
    const operator = operatorOf({ operator_token: "secret:MINE" }, {}, { OPERATOR_TOKEN: TOKEN, MINE: "mine" });
    const key = uniqueKey();
    await operator.client.post(PATH, { key });
    const id = await idOf(key, PATH);
    const given = { outcome: "final", status: 200, headers: { "x-secret": "hush" }, body: "secret body", why: "x" };
    await operator.post(`/records/${id}/settle`, given, { token: "mine" });
    const text = JSON.stringify(await auditOf(operator, id));
    expect(text).toContain('"token":"tenant"');
    expect(text).toContain('"body_bytes":11');
    expect(text).not.toMatch(/secret body|hush|mine/);
  });

  test("has what was refused too, with the reason", async () => {
    const { operator, id } = await started(() => new Response("ok"));
    await operator.post(`/records/${id}/settle`, { outcome: "not-executed", why: "x" });
    expect(await auditOf(operator, id)).toMatchObject([
      { result: "refused", before: "completed", after: "not_unknown" },
    ]);
  });

  test("is written before anything is done: without it nothing is", async () => {
    const { operator, client, key, id } = await started();
    const journal = env.JOURNALS.getByName(HOST);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER no_intent BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END");
    });
    for (const [action, given] of [
      ["settle", { outcome: "not-executed", why: "x" }],
      ["release", { why: "x" }],
    ] as const) {
      expect(await problemOf(await operator.post(`/records/${id}/${action}`, given))).toBe("503 audit_unavailable");
    }
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec("DROP TRIGGER no_intent"));
    expect((await operator.post(`/records/${id}/release`, { why: "x" })).status).toBe(200);
  });

  test("keeps the intent where the result can't be written", async () => {
    const { operator, id } = await started();
    const journal = env.JOURNALS.getByName(HOST);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER no_result BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END");
    });
    expect((await operator.post(`/records/${id}/release`, { why: "x" })).status).toBe(200);
    await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec("DROP TRIGGER no_result"));
    expect(await auditOf(operator, id)).toMatchObject([{ action: "release", result: null, before: null, after: null }]);
  });

  test.each(["", "x".repeat(101), "j\u00e4ne"])("an operator's name must be short and printable: %j", async (name) => {
    const { operator, id } = await started();
    const response = await operator.post(
      `/records/${id}/release`,
      { why: "x" },
      { headers: { "oncegate-operator": name } },
    );
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect(await auditOf(operator, id)).toEqual([]);
  });

  test("is listed page by page, newest first", async () => {
    const { operator, id } = await started(() => new Response("ok"));
    for (const why of ["a", "b", "c"]) await operator.post(`/records/${id}/settle`, { outcome: "not-executed", why });
    const page = async (query: string) =>
      (await operator.get(`/audit?record=${id}&limit=2${query}`)).json<{ lines: { why: string }[]; cursor: string }>();
    const first = await page("");
    expect(first.lines.map(({ why }) => why)).toEqual(["c", "b"]);
    const second = await page(`&cursor=${first.cursor}`);
    expect(second.lines.map(({ why }) => why)).toEqual(["a"]);
    expect(second.cursor).toBeNull();
  });

  test("ends with audit_ttl", async () => {
    const { operator, id } = await started(unknown, { audit_ttl: "1d" });
    await operator.post(`/records/${id}/release`, { why: "x" });
    const journal = env.JOURNALS.getByName(HOST);
    const terms = await runInDurableObject(journal, (_, { storage }) =>
      storage.sql.exec("SELECT expires_ms - at_ms AS term FROM audit WHERE record = ?", id).one(),
    );
    expect(terms).toEqual({ term: 24 * 60 * 60 * 1000 });
  });
});

describe("O3 an action whose storage fails", () => {
  test("has not erased half an answer", async () => {
    const body = "x".repeat(300_000);
    const { operator, client, key, id } = await started(() => new Response(body));
    const armed = await arm(await objectOf(key, PATH), "throws", 1, "put record");
    expect(await problemOf(await operator.post(`/records/${id}/purge`, { why: "x" }))).toBe("503 unavailable");
    armed.healed = true;
    expect(armed.struck).toBe(true);
    expect(await auditOf(operator, id)).toMatchObject([{ action: "purge", result: "failed", after: null }]);
    expect(await (await client.post(PATH, { key })).text()).toBe(body);
    expect((await operator.post(`/records/${id}/purge`, { why: "x" })).status).toBe(200);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 replay_unavailable");
  });

  test("has not settled by half an answer, and can be done again", async () => {
    const { operator, client, key, id } = await started(unknown);
    const settling = { outcome: "final", status: 200, body: "x".repeat(300_000), why: "x" };
    const armed = await arm(await objectOf(key, PATH), "throws", 1, "put record");
    expect(await problemOf(await operator.post(`/records/${id}/settle`, settling))).toBe("503 unavailable");
    armed.healed = true;
    expect(armed.struck).toBe(true);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 outcome_unknown");
    expect((await operator.post(`/records/${id}/settle`, settling)).status).toBe(200);
    expect(await (await client.post(PATH, { key })).text()).toBe(settling.body);
  });
});

describe("O5 the journal", () => {
  test("is told of an unknown outcome, and of what became of it", async () => {
    const { operator, client, key, id } = await started(unknown);
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

  test("is told of a time-out, and of the late answer that clears it", async () => {
    const { operator, id, release } = await timedOut();
    expect(await entryOf(operator, id, "unknown")).toMatchObject([{ cause: "timeout" }]);
    release();
    expect(await entryOf(operator, id, "completed")).toMatchObject([{ cause: "attempt" }]);
  });

  test("is told of an attempt again that brings an answer, or is undone", async () => {
    const { origin, operator, client, key, id } = await started(unknown, { on_unknown: "retry" });
    const [entry] = await entryOf(operator, id, "unknown");
    origin.answers(() => new Response("", { status: 429 }));
    expect(statusOf(await client.post(PATH, { key }))).toBe("unknown");
    origin.answers(() => new Response("ok"));
    expect(statusOf(await client.post(PATH, { key }))).toBe("executed");
    const [cleared] = await entryOf(operator, id, "completed");
    expect(cleared).toMatchObject({ cause: "attempt", attempt: 2 });
    expect(Date.parse(cleared?.since ?? "")).toBeGreaterThanOrEqual(Date.parse(entry?.since ?? ""));
  });

  test("is told by the probe that clears it", async () => {
    const { origin, operator, client, key, id } = await started(unknown, {
      on_unknown: "probe",
      probe: "/v1/idempotency/{key}",
    });
    origin.answers(() => new Response("", { headers: { "oncegate-outcome": "final", "oncegate-status": "200" } }));
    expect(statusOf(await client.post(PATH, { key }))).toBe("replayed");
    expect(await entryOf(operator, id, "completed")).toMatchObject([{ cause: "probe" }]);
  });

  test("is told of a tombstone", async () => {
    const { operator, id } = await started(() => new Response("too large"), { max_response_bytes: 3 });
    expect(await entryOf(operator, id, "tombstone")).toMatchObject([{ cause: "attempt" }]);
  });

  test("is told of other requests under the key, of many at once", async () => {
    const { operator, client, key, id } = await started(() => new Response("ok"));
    for (const json of [1, 2, 3]) expect((await client.post(PATH, { key, json })).status).toBe(422);
    expect(await entryOf(operator, id, "mismatch")).toMatchObject([{ cause: "key_reused", times: 1 }]);
  });

  test("is told of an attempt whose process died, by whoever finds it", async () => {
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
    // It stays, so it is told.
    ["purge", { why: "x" }, 409, [["unknown", "process_died"]]],
  ] as const)(
    "is told of it in order where an operator's %s is the first to meet it",
    async (action, given, status, expected) => {
      // So that the journal has its tables.
      await started(unknown).then(({ operator, id }) => entryOf(operator, id, "unknown"));
      const { operator, key, id } = await started(() => new Response("ok"));
      await abortAllDurableObjects();
      await changeRow(await objectOf(key, PATH), { state: "pending", term_ms: 3600000, status: null, headers: null });
      const journal = env.JOURNALS.getByName(HOST);
      await runInDurableObject(journal, (_, { storage }) => {
        storage.sql.exec("CREATE TABLE IF NOT EXISTS told (record, state, cause)");
        storage.sql.exec(`CREATE TRIGGER IF NOT EXISTS note BEFORE INSERT ON entry
        BEGIN INSERT INTO told VALUES (NEW.record, NEW.state, NEW.cause); END`);
      });
      expect((await operator.post(`/records/${id}/${action}`, given)).status).toBe(status);
      // Told after it, in the same journal.
      const later = await started(unknown);
      await entryOf(operator, later.id, "unknown");
      const told = await runInDurableObject(journal, (_, { storage }) => {
        const rows = [...storage.sql.exec("SELECT state, cause FROM told WHERE record = ?", id).raw()];
        storage.sql.exec("DROP TRIGGER note");
        storage.sql.exec("DROP TABLE told");
        return rows;
      });
      expect(told).toEqual(expected);
    },
  );

  test("is told of it by the watchdog too, which nobody has told whether there are operators", async () => {
    const { operator, key, id } = await started(() => new Response("ok"));
    await abortAllDurableObjects();
    const object = await objectOf(key, PATH);
    await runInDurableObject(object, (instance, { storage }) => {
      changeRowIn(storage, { state: "pending", term_ms: 3600000, status: null, headers: null });
      Reflect.set(Reflect.get(instance, "env"), "OPERATOR_TOKEN", TOKEN);
    });
    await runDurableObjectAlarm(object);
    const [entry] = await entryOf(operator, id, "unknown");
    expect(entry).toMatchObject({ cause: "process_died" });
    await runInDurableObject(
      object,
      (instance) => void Reflect.deleteProperty(Reflect.get(instance, "env"), "OPERATOR_TOKEN"),
    );
  });

  test("leads to a record whose key was derived, which is settled for its window only", async () => {
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

  test("is told nothing of what goes as it should", async () => {
    const { operator, client, key, id } = await started(() => new Response("ok"));
    await client.post(PATH, { key });
    const undone = uniqueKey();
    scriptOrigin(() => new Response("", { status: 429 }));
    await client.post(PATH, { key: undone });
    // Told after both, and in the same journal.
    const other = await started(unknown);
    await entryOf(operator, other.id, "unknown");
    for (const record of [id, await idOf(undone, PATH)]) expect(await entriesOf(operator, record)).toEqual([]);
  });

  test("is told nothing, and does not come to be, where nobody operates", async () => {
    scriptOrigin(unknown);
    const host = "nobody.test";
    const { client } = operatorOf({}, { [host]: { origin: "http://origin.test", caller: [] } }, {});
    const response = await client.fetch(`https://${host}${PATH}`, {
      method: "POST",
      headers: { "idempotency-key": uniqueKey() },
    });
    expect(response.status).toBe(502);
    // What was told after it has arrived, so it would have too.
    const later = await started(unknown);
    await entryOf(later.operator, later.id, "unknown");
    const tables = await runInDurableObject(env.JOURNALS.getByName(host), (_, { storage }) =>
      storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
    );
    expect(tables).toEqual([]);
  });

  test("changes nothing for the client where it fails", async () => {
    const told = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const origin = scriptOrigin(unknown);
    const broken = operatorOf();
    const journal = env.JOURNALS.getByName(HOST);
    await entriesOf(broken, "");
    await started(unknown).then(({ operator, id }) => entryOf(operator, id, "unknown"));
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER no_entry BEFORE INSERT ON entry BEGIN SELECT RAISE(ABORT, 'full'); END");
    });
    const key = uniqueKey();
    origin.answers(unknown);
    expect(statusOf(await broken.client.post(PATH, { key }))).toBe("unknown");
    expect(await problemOf(await broken.client.post(PATH, { key }))).toBe("409 outcome_unknown");
    await eventually(
      () => Promise.resolve(told.mock.calls.flat().join("\n")),
      (lines) => lines.includes("journal_failed"),
    );
    await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec("DROP TRIGGER no_entry"));
    told.mockRestore();
  });

  test("is listed page by page, oldest first", async () => {
    const { operator } = await started(unknown);
    const client: Client = operator.client;
    const path = `/v1/${uniqueKey()}`;
    const keys = [uniqueKey(), uniqueKey(), uniqueKey()];
    for (const key of keys) await client.post(path, { key });
    const query = `/journal?state=unknown&operation=${encodeURIComponent(`POST ${path}`)}&limit=2`;
    const page = async (more: string) =>
      (await operator.get(query + more)).json<{ entries: Entry[]; cursor: string | null }>();
    await eventually(
      async () =>
        (await (await operator.get(query.replace("limit=2", "limit=3"))).json<{ entries: Entry[] }>()).entries,
      (entries) => entries.length === 3,
    );
    const first = await page("");
    const second = await page(`&cursor=${first.cursor}`);
    expect([...first.entries, ...second.entries].map(({ record }) => record).sort()).toEqual(
      (await Promise.all(keys.map((key) => idOf(key, path)))).sort(),
    );
    expect([first.entries.length, second.entries.length, second.cursor]).toEqual([2, 1, null]);
  });

  test.each([
    "/journal?state=anything",
    "/journal?older_than=soon",
    "/journal?cursor=1",
    "/journal?limit=0",
    "/journal?limit=101",
    "/journal?more=1",
    "/audit?record=x",
    "/audit?cursor=x",
    "/counts?hours=0",
    "/counts?hours=169",
    "/counts?hours=1e1",
  ])("refuses what it can't be asked: %s", async (path) => {
    const response = await operatorOf().get(path);
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test("hands on as data what somebody sent as markup", async () => {
    const markup = "<script>alert(1)</script>";
    scriptOrigin(() => new Response(markup, { status: 502, headers: { "content-type": "text/html" } }));
    const operator = operatorOf();
    const path = "/v1/%3Cscript%3Ealert(1)%3C/script%3E";
    await operator.client.post(path, { key: markup });
    const id = await idOf(markup, path);
    await operator.post(`/records/${id}/release`, { why: markup }, { headers: { "oncegate-operator": markup } });
    await eventually(
      () => entriesOf(operator, id),
      (entries) => entries.length > 0,
    );
    const found = await operator.post("/records/find", {
      operation: `POST ${path}`,
      headers: { authorization: "Bearer alice" },
      key: markup,
    });
    for (const response of [found, await operator.get(`/audit?record=${id}`), await operator.get("/journal")]) {
      expect(response.headers.get("content-type")).toBe("application/json");
      await response.json();
    }
    expect(await auditOf(operator, id)).toMatchObject([{ why: markup, operator: markup }]);
  });

  test("does not let older news replace newer ones", async () => {
    const journal = env.JOURNALS.getByName("late.test");
    const news = { record: "r", operation: "POST /x", attempt: 1, times: 1, sinceMs: 1, expiresAtMs: null } as const;
    await journal.record({ ...news, state: "completed", cause: "probe", atMs: Date.now() });
    await journal.record({ ...news, state: "none", cause: "released", atMs: Date.now() - 1000 });
    const asked = { record: null, state: null, operation: null, untilMs: Date.now(), after: null, limit: 9 };
    expect((await journal.entries(asked)).map(({ state }) => state)).toEqual(["completed"]);
  });

  test("deletes what is over, and itself with the last of it", async () => {
    const journal = env.JOURNALS.getByName("quiet.test");
    const news = { record: "r", operation: "POST /x", attempt: 1, cause: "attempt", times: 1 } as const;
    const now = Date.now();
    const at = { sinceMs: now, atMs: now };
    await journal.record({ ...news, state: "unknown", ...at, expiresAtMs: now + 1 });
    await journal.record({ ...news, record: "s", state: "unknown", ...at, expiresAtMs: now + 7_200_000 });
    await journal.count([{ operation: "POST *", kind: "executed", n: 1 }]);
    const look = () =>
      runInDurableObject(journal, async (_, { storage }) => ({
        tables: storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'entry'").toArray().length,
        alarm: await storage.getAlarm(),
      }));
    expect((await look()).alarm).toBeGreaterThan(now);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("UPDATE entry SET expires_ms = 1 WHERE record = 'r'");
    });
    await runDurableObjectAlarm(journal);
    const asked = { record: null, state: null, operation: null, untilMs: now, after: null, limit: 9 };
    expect((await journal.entries(asked)).map(({ record }) => record)).toEqual(["s"]);
    // At the end of what is left, where that is later than an hour from now.
    expect((await look()).alarm).toBe(now + 7_200_000);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("UPDATE entry SET expires_ms = 1");
      storage.sql.exec("UPDATE count SET hour = 1");
    });
    await runDurableObjectAlarm(journal);
    expect(await look()).toEqual({ tables: 0, alarm: null });
    await journal.record({ ...news, state: "unknown", ...at, expiresAtMs: now + 3_600_000 });
    expect(await look()).toMatchObject({ tables: 1, alarm: expect.any(Number) });
  });
});
