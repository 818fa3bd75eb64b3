import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { HOST, problemOf, uniqueKey } from "../../support/gateway.ts";
import { auditOf } from "../../support/journal.ts";
import { TOKEN, idOf, operatorOf, operatorWith } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const unknown = () => new Response("?", { status: 502 });

describe("O4 the audit log", () => {
  test("records who did what, when and why, with the states before and after, and outlives the record", async () => {
    const { operator, id } = await operatorWith(unknown);
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

  test("records the token's role, and no body", async () => {
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

  test("records that a body was read, before it is sent, and not that a record was looked at", async () => {
    const { operator, id } = await operatorWith(() => new Response("charged"));
    await operator.get(`/records/${id}`);
    expect(await auditOf(operator, id)).toEqual([]);
    const headers = { "oncegate-operator": "jane" };
    const read = await operator.get(`/records/${id}?body=1`, { headers });
    expect(await read.json()).toMatchObject({ answer: { body_base64: btoa("charged") } });
    expect(await auditOf(operator, id)).toMatchObject([
      {
        hostname: HOST,
        token: "operator",
        operator: "jane",
        action: "read",
        given: { body_bytes: 7 },
        why: "",
        result: "done",
        before: "completed",
        after: "completed",
      },
    ]);
    expect(
      await problemOf(await operator.get(`/records/${id}?body=1`, { headers: { "oncegate-operator": "é" } })),
    ).toBe("400 invalid_request");
  });

  test("has no line where no body is there to read", async () => {
    const { operator, id } = await operatorWith(unknown);
    expect((await operator.get(`/records/${id}?body=1`)).status).toBe(200);
    expect((await operator.get(`/records/${"0".repeat(64)}?body=1`)).status).toBe(404);
    expect(await auditOf(operator, id)).toEqual([]);
  });

  test("that can't be written keeps a body from being read", async () => {
    const { operator, id } = await operatorWith(() => new Response("charged"));
    const journal = env.JOURNALS.getByName(HOST);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER no_read BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END");
    });
    const refused = await operator.get(`/records/${id}?body=1`);
    expect(await problemOf(refused)).toBe("503 audit_unavailable");
    expect(await refused.text()).not.toContain(btoa("charged"));
    expect((await operator.get(`/records/${id}`)).status).toBe(200);
    await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec("DROP TRIGGER no_read"));
  });

  test("records refused actions too, with the reason", async () => {
    const { operator, id } = await operatorWith(() => new Response("ok"));
    await operator.post(`/records/${id}/settle`, { outcome: "not-executed", why: "x" });
    expect(await auditOf(operator, id)).toMatchObject([
      { result: "refused", before: "completed", after: "not_unknown" },
    ]);
  });

  test("is written before the action: if it can't be written, the action is refused", async () => {
    const { operator, client, key, id } = await operatorWith(unknown);
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

  test("keeps the intent if the result can't be written", async () => {
    const { operator, id } = await operatorWith(unknown);
    const journal = env.JOURNALS.getByName(HOST);
    await runInDurableObject(journal, (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER no_result BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'broken'); END");
    });
    expect((await operator.post(`/records/${id}/release`, { why: "x" })).status).toBe(200);
    await runInDurableObject(journal, (_, { storage }) => void storage.sql.exec("DROP TRIGGER no_result"));
    expect(await auditOf(operator, id)).toMatchObject([{ action: "release", result: null, before: null, after: null }]);
  });

  test.each(["", "x".repeat(101), "j\u00e4ne"])("accepts only short printable operator names: %j", async (name) => {
    const { operator, id } = await operatorWith(unknown);
    const response = await operator.post(
      `/records/${id}/release`,
      { why: "x" },
      { headers: { "oncegate-operator": name } },
    );
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect(await auditOf(operator, id)).toEqual([]);
  });

  test("is paged, newest first", async () => {
    const { operator, id } = await operatorWith(() => new Response("ok"));
    for (const why of ["a", "b", "c"]) await operator.post(`/records/${id}/settle`, { outcome: "not-executed", why });
    const page = async (query: string) =>
      (await operator.get(`/audit?record=${id}&limit=2${query}`)).json<{ lines: { why: string }[]; cursor: string }>();
    const first = await page("");
    expect(first.lines.map(({ why }) => why)).toEqual(["c", "b"]);
    const second = await page(`&cursor=${first.cursor}`);
    expect(second.lines.map(({ why }) => why)).toEqual(["a"]);
    expect(second.cursor).toBeNull();
  });

  test("expires after audit_ttl", async () => {
    const { operator, id } = await operatorWith(unknown, { audit_ttl: "1d" });
    await operator.post(`/records/${id}/release`, { why: "x" });
    const journal = env.JOURNALS.getByName(HOST);
    const terms = await runInDurableObject(journal, (_, { storage }) =>
      storage.sql.exec("SELECT expires_ms - at_ms AS term FROM audit WHERE record = ?", id).one(),
    );
    expect(terms).toEqual({ term: 24 * 60 * 60 * 1000 });
  });
});
