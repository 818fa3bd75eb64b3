import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { signedIn } from "../../support/console.ts";
import { problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { ENTRY_FACTS, entryOf } from "../../support/journal.ts";
import { type Operator, idOf, operatorOf, operatorWith } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const unknown = () => new Response("?", { status: 502 });

interface Found {
  readonly id: string;
  readonly state: string;
  readonly key: string | null;
  readonly caller: string | null;
  readonly log: { readonly detail: string; readonly jq: string; readonly sql: string } | null;
}

const show = async (operator: Operator, id: string): Promise<Found> => (await operator.get(`/records/${id}`)).json();

describe("O2.2 a record is found by the beginning of its id", () => {
  test.each([16, 17, 63])("of %i digits, where the journal has it", async (digits) => {
    const { operator, id, key } = await operatorWith(unknown);
    await entryOf(operator, id, "unknown");
    expect(await show(operator, id.slice(0, digits))).toMatchObject({ id, key, state: "unknown" });
  });

  test("not where the journal does not have it, or of fewer digits", async () => {
    const { operator, id } = await operatorWith(() => new Response("ok"));
    for (const given of [id.slice(0, 16), id.slice(0, 15), `${id}0`, `${id.slice(0, 20)}%`]) {
      expect(await problemOf(await operator.get(`/records/${given}`))).toBe("404 not_found");
    }
  });

  test("by what operators did to it, after its entry is gone", async () => {
    const { operator, id } = await operatorWith(() => new Response("ok"));
    await operator.get(`/records/${id}?body=1`);
    expect(await show(operator, id.slice(0, 16))).toMatchObject({ id, state: "completed" });
  });

  test("not where several begin so", async () => {
    const host = "several.test";
    const operator = operatorOf({}, { [host]: { origin: "http://origin.test", caller: [] } });
    const nowMs = Date.now();
    const state = {
      state: "unknown",
      cause: "timeout",
      sinceMs: nowMs,
      atMs: nowMs,
      expiresAtMs: nowMs + 1e6,
    } as const;
    for (const end of ["a", "b"]) {
      const record = "0".repeat(63) + end;
      await env.JOURNALS.getByName(host).record({ ...ENTRY_FACTS, ...state, record, hostname: host });
    }
    expect(await problemOf(await operator.get(`/records/${"0".repeat(20)}`, { host }))).toBe("409 ambiguous");
  });
});

describe("O2.5 a record is found by the digest of its caller", () => {
  test("as lists and the record have it, without the credential", async () => {
    const { operator, id, key } = await operatorWith(unknown);
    const [entry] = await entryOf(operator, id, "unknown");
    const caller = entry?.caller ?? "";
    expect(caller).toMatch(/^[0-9a-f]{64}$/);
    const found = await operator.post("/records/find", { operation: `POST ${PATH}`, caller, key });
    expect(await found.json()).toMatchObject({ id, key, caller, state: "unknown", log: null });
    const other = { operation: `POST ${PATH}`, caller: "0".repeat(64), key };
    expect(await (await operator.post("/records/find", other)).json()).toMatchObject({ state: "none" });
  });

  test("also where the record is bound to its caller", async () => {
    scriptOrigin(unknown);
    const operator = operatorOf({ on_caller_change: "refuse" });
    const key = uniqueKey();
    expect(statusOf(await operator.client.post(PATH, { key }))).toBe("unknown");
    const id = await idOf(key, PATH, { caller: null });
    const { caller } = await show(operator, id);
    const found = await operator.post("/records/find", { operation: `POST ${PATH}`, caller, key });
    expect(await found.json()).toMatchObject({ id, state: "unknown" });
  });

  test("not by part of one", async () => {
    const { operator, key } = await operatorWith(unknown);
    const asked = { operation: `POST ${PATH}`, caller: "0".repeat(16), key };
    expect(await problemOf(await operator.post("/records/find", asked))).toBe("400 invalid_request");
  });

  test("in the console, as by an id's beginning", async () => {
    scriptOrigin(unknown);
    const browser = await signedIn();
    const key = uniqueKey();
    const id = await idOf(key, PATH);
    await browser.operator.client.post(PATH, { key });
    const [entry] = await entryOf(browser.operator, id, "unknown");
    const asked = { operation: `POST ${PATH}`, caller: ` ${entry?.caller} `, key };
    const place = `/_oncegate/records/${id}`;
    expect((await browser.post("/find", asked)).headers.get("location")).toBe(place);
    const byBeginning = await browser.get(`/records?id=${id.slice(0, 16).toUpperCase()}`);
    expect(byBeginning.headers.get("location")).toBe(place);
    const page = await (await browser.get(`/unknown?key=${key}`)).text();
    expect(page).toContain(`<dt>Key</dt><dd><span class="id">${key}</span></dd>`);
    expect(page).toContain("<dt>Origin</dt><dd>status 502</dd>");
  });
});

test("O2.3 a search that finds no record has the queries that the log still answers", async () => {
  const operator = operatorOf();
  const key = uniqueKey();
  const asked = { operation: `POST ${PATH}`, headers: { authorization: "Bearer alice" }, key };
  const found = await (await operator.post("/records/find", asked)).json<Found>();
  const id = await idOf(key, PATH);
  expect(found).toMatchObject({ id, state: "none" });
  expect(found.log?.jq).toContain(id.slice(0, 16));
  expect(found.log?.sql).toContain(id.slice(0, 16));
  const page = await (await (await signedIn()).get(`/records/${id}`)).text();
  expect(page).toContain("startswith");
});
