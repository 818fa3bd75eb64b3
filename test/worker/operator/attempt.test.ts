import { describe, expect, test } from "vitest";
import { signedIn } from "../../support/console.ts";
import { problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { auditOf, entryOf } from "../../support/journal.ts";
import { type Operator, idOf, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const unknown = () => new Response("?", { status: 502 });

const ACTIONS = [
  ["settle", { outcome: "final", status: 200, why: "x" }],
  ["settle", { outcome: "not-executed", why: "x" }],
  ["release", { why: "x" }],
] as const;

async function attemptOf(operator: Operator, id: string): Promise<string> {
  return (await (await operator.get(`/records/${id}`)).json<{ attempt_id: string }>()).attempt_id;
}

/** A key whose outcome is unknown by a second attempt, after an operator has released it. Both have the number 1. */
async function releasedAndUnknown(operator: Operator) {
  scriptOrigin(unknown);
  const key = uniqueKey();
  const id = await idOf(key, PATH);
  await operator.client.post(PATH, { key });
  const former = await attemptOf(operator, id);
  await operator.post(`/records/${id}/release`, { why: "x" });
  expect(statusOf(await operator.client.post(PATH, { key }))).toBe("unknown");
  return { key, id, former };
}

describe("O3.6 an action that names its attempt", () => {
  test.each(ACTIONS)("%s %j is refused where another attempt is unknown by now", async (action, given) => {
    const operator = operatorOf();
    const { id, former } = await releasedAndUnknown(operator);
    const response = await operator.post(`/records/${id}/${action}`, { ...given, attempt_id: former });
    expect(await problemOf(response)).toBe("409 attempt_changed");
    expect(await (await operator.get(`/records/${id}`)).json()).toMatchObject({ state: "unknown", attempt: 1 });
    expect(await auditOf(operator, id)).toMatchObject([
      { result: "refused", after: "attempt_changed", given: { attempt_id: former } },
      { action: "release" },
    ]);
  });

  test.each(ACTIONS)("%s %j is done where the record still belongs to it", async (action, given) => {
    const operator = operatorOf();
    const { id } = await releasedAndUnknown(operator);
    const attempt_id = await attemptOf(operator, id);
    const response = await operator.post(`/records/${id}/${action}`, { ...given, attempt_id });
    expect(response.status).toBe(200);
  });

  test("is what the console's forms send", async () => {
    const browser = await signedIn();
    const { operator } = browser;
    scriptOrigin(unknown);
    const key = uniqueKey();
    const id = await idOf(key, PATH);
    await operator.client.post(PATH, { key });
    const attemptIn = (page: string) => /name="attempt_id" value="([^"]*)"/.exec(page)?.[1] ?? "";
    const former = attemptIn(await (await browser.get(`/records/${id}`)).text());
    expect(former).toBe(await attemptOf(operator, id));
    const [entry] = await entryOf(operator, id, "unknown");
    expect(entry?.attempt_id).toBe(former);
    expect(await (await browser.get("/unknown")).text()).toContain(`name="attempt_id" value="${former}"`);
    await operator.post(`/records/${id}/release`, { why: "x" });
    await operator.client.post(PATH, { key });
    const form = { choice: "not-executed", why: "seen on an old page", attempt_id: former };
    const response = await browser.post(`/records/${id}`, form);
    expect([response.status, (await response.text()).includes("Another attempt has run")]).toEqual([409, true]);
    expect(await (await operator.get(`/records/${id}`)).json()).toMatchObject({ state: "unknown" });
  });
});
