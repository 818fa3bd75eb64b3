import { abortAllDurableObjects } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { arm } from "../../fault/workerd/storage-fault.ts";
import { problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { auditOf } from "../../support/journal.ts";
import { eventually, idOf, operatorOf, operatorWith } from "../../support/operator.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { changeRow, objectOf } from "../../support/records.ts";

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

describe("O3 an action on a busy record", () => {
  const ACTIONS = [
    ["settle", { outcome: "not-executed", why: "x" }],
    ["settle", { outcome: "final", status: 200, why: "x" }],
    ["release", { why: "x" }],
    ["purge", { why: "x" }],
  ] as const;

  test.each(ACTIONS)("%s %j is refused while an attempt runs after its 504", async (action, given) => {
    const { origin, operator, client, key, id, release } = await timedOut();
    expect(await (await operator.get(`/records/${id}`)).json()).toMatchObject({ state: "unknown", running: "attempt" });
    expect(await problemOf(await operator.post(`/records/${id}/${action}`, given))).toBe("409 running");
    release();
    // The attempt's own answer is kept, and nothing ran again.
    await eventually(
      async () => (await operator.get(`/records/${id}`)).json<{ state: string }>(),
      ({ state }) => state === "completed",
    );
    expect(await (await client.post(PATH, { key })).text()).toBe("ok");
    expect(origin.received).toHaveLength(1);
  });

  test.each(ACTIONS)("%s %j is refused while a probe runs", async (action, given) => {
    const { origin, operator, client, key, id } = await operatorWith(unknown, {
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

  test("the record of a process that died can be settled like any unknown outcome", async () => {
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

describe("O3 an action whose storage write fails", () => {
  test("purges the whole answer or nothing", async () => {
    const body = "x".repeat(300_000);
    const { operator, client, key, id } = await operatorWith(() => new Response(body));
    const armed = await arm(await objectOf(key, PATH), "throws", 1, "put record");
    expect(await problemOf(await operator.post(`/records/${id}/purge`, { why: "x" }))).toBe("503 unavailable");
    armed.healed = true;
    expect(armed.struck).toBe(true);
    expect(await auditOf(operator, id)).toMatchObject([{ action: "purge", result: "failed", after: null }]);
    expect(await (await client.post(PATH, { key })).text()).toBe(body);
    expect((await operator.post(`/records/${id}/purge`, { why: "x" })).status).toBe(200);
    expect(await problemOf(await client.post(PATH, { key }))).toBe("409 replay_unavailable");
  });

  test("settles with the whole answer or not at all, and can be repeated", async () => {
    const { operator, client, key, id } = await operatorWith(unknown);
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
