import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startPaymentsOrigin } from "../../../examples/payments-origin/server.ts";
import { holdNetwork } from "../../../scripts/demo/held-network.ts";
import { closing } from "./stub-gateway.ts";

const ORDER = { amount: 1999, currency: "eur", card: "tok_visa", reference: "order-1" };

/** An origin whose card network answers at once, and the requests that a gateway sends to it. */
async function start(options: Partial<Parameters<typeof startPaymentsOrigin>[0]> = {}) {
  const origin = closing(await startPaymentsOrigin({ port: 0, ledgerPath: ":memory:", ...options }));
  const headers = (attempt: string | null, caller: string | null) => ({
    ...(caller !== null && { Authorization: caller }),
    ...(attempt !== null && { "Oncegate-Attempt": attempt }),
  });
  return {
    ...origin,
    charge: (key: string, attempt: string | null = "1", caller: string | null = "Bearer a", order: object = ORDER) =>
      fetch(`${origin.url}/v1/charges`, {
        method: "POST",
        headers: { ...headers(attempt, caller), "Idempotency-Key": key },
        body: JSON.stringify(order),
      }),
    probe: (key: string, attempt: string | null = "1", caller: string | null = "Bearer a") =>
      fetch(`${origin.url}/v1/idempotency/${encodeURIComponent(key)}`, {
        headers: { ...headers(attempt, caller), "Oncegate-Operation": "POST /v1/charges" },
      }),
  };
}

/** The status, and the headers that the gateway reads. */
function verdict({ status, headers }: Response): string {
  return `${status} ${headers.get("oncegate-outcome")}`;
}

describe("a probe of the payments origin", () => {
  test("gets the answer of the charge", async () => {
    const { charge, probe } = await start();
    const made = await charge("k-1");

    const probed = await probe("k-1");

    expect([verdict(probed), probed.headers.get("oncegate-status")]).toEqual(["200 final", "201"]);
    expect(await probed.text()).toBe(await made.text());
    for (const name of ["location", "content-type"]) expect(probed.headers.get(name)).toBe(made.headers.get(name));
    expect(made.headers.get("oncegate-outcome")).toBe("final");
  });

  test("fences a running attempt, which then makes no charge", async () => {
    const { cardNetwork, allHeld, release } = holdNetwork(1);
    const { charge, probe, charges } = await start({ cardNetwork });
    const late = charge("k-1");
    await allHeld;

    expect(verdict(await probe("k-1"))).toBe("200 not-executed");
    release("order-1");

    expect(verdict(await late)).toBe("409 not-executed");
    expect(charges()).toEqual([]);
  });

  test("can't fence an attempt that has charged", async () => {
    const { cardNetwork, allHeld, release } = holdNetwork(1);
    const { charge, probe, charges } = await start({ cardNetwork });
    const early = charge("k-1");
    await allHeld;
    release("order-1");
    expect((await early).status).toBe(201);

    expect(verdict(await probe("k-1"))).toBe("200 final");
    expect(charges()).toHaveLength(1);
  });

  test("fences an attempt that has not arrived yet, and no later one", async () => {
    const { charge, probe, charges } = await start();
    await probe("k-1", "2");

    const answers = [await charge("k-1", "1"), await charge("k-1", "2"), await charge("k-1", "3")];

    expect(answers.map(verdict)).toEqual(["409 not-executed", "409 not-executed", "201 final"]);
    expect(answers[0]?.headers.get("content-type")).toBe("application/problem+json");
    expect(charges().map(({ idempotencyKey, attempt }) => [idempotencyKey, attempt])).toEqual([["k-1", 3]]);
    expect(verdict(await probe("k-1", "3"))).toBe("200 final");
  });

  test("never lowers a fence", async () => {
    const { charge, probe, charges } = await start();
    await probe("k-1", "3");
    await probe("k-1", "1");

    expect(verdict(await charge("k-1", "3"))).toBe("409 not-executed");
    expect(charges()).toEqual([]);
  });

  test("keeps the fence in the ledger's file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "oncegate-"));
    closing({ close: () => rm(folder, { recursive: true }) });
    const ledgerPath = join(folder, "ledger.sqlite");
    const before = await startPaymentsOrigin({ port: 0, ledgerPath });
    await fetch(`${before.url}/v1/idempotency/k-1`, {
      headers: { Authorization: "Bearer a", "Oncegate-Attempt": "1", "Oncegate-Operation": "POST /v1/charges" },
    });
    await before.close();

    const after = await start({ ledgerPath });

    expect(verdict(await after.charge("k-1", "1"))).toBe("409 not-executed");
    expect(verdict(await after.charge("k-1", "2"))).toBe("201 final");
  });

  test("reveals and fences nothing of another caller's key", async () => {
    const { charge, probe, charges } = await start();
    await charge("k-1", "1", "Bearer a");

    const probed = await probe("k-1", "1", "Bearer b");

    expect(verdict(probed)).toBe("200 not-executed");
    expect(await probed.json()).toEqual({ object: "fence", idempotency_key: "k-1", attempt: 1 });
    await probe("k-2", "1", "Bearer b");
    expect((await charge("k-2", "1", "Bearer a")).status).toBe(201);
    expect(charges()).toHaveLength(2);
  });

  test.each(["a/b", "100%", "%2F", 'say "hi"', "a\\b", "a?b#c;d"])("finds the key %s", async (key) => {
    const { charge, probe } = await start();
    // An RFC 9651 String escapes these two characters.
    await charge(`"${key.replaceAll(/["\\]/g, String.raw`\$&`)}"`);

    const probed = await probe(key);

    expect(verdict(probed)).toBe("200 final");
    expect(await probed.json()).toMatchObject({ idempotency_key: key });
  });

  test("treats a key with and without quotes as the same", async () => {
    const { charge, probe } = await start();
    await charge('"k-1"');
    await charge("k-2");

    expect(verdict(await probe("k-1"))).toBe("200 final");
    expect(verdict(await probe("k-2"))).toBe("200 final");
  });

  test.each([
    ["without an attempt", null, "400 unknown"],
    ["with an attempt of 0", "0", "400 unknown"],
    ["with a negative attempt", "-1", "400 unknown"],
    ["with half an attempt", "1.5", "400 unknown"],
    ["with two attempts", "1, 2", "400 unknown"],
    ["with an attempt that no number holds", "99999999999999999999", "400 unknown"],
  ])("%s settles nothing", async (_, attempt, expected) => {
    const { charge, probe } = await start();

    expect(verdict(await probe("k-1", attempt))).toBe(expected);
    expect((await charge("k-1")).status).toBe(201);
  });

  test("without a caller settles nothing", async () => {
    const { charge, probe } = await start();
    await charge("k-1", "1", null);

    expect(verdict(await probe("k-1", "1", null))).toBe("401 unknown");
    expect((await charge("k-1", "1", null)).status).toBe(201);
  });

  test("with an invalid encoding of the key settles nothing", async () => {
    const { url } = await start();
    const headers = { Authorization: "Bearer a", "Oncegate-Attempt": "1" };

    expect(verdict(await fetch(`${url}/v1/idempotency/%E0%A4`, { headers }))).toBe("400 unknown");
    expect(verdict(await fetch(`${url}/v1/idempotency/a/b`, { headers }))).toBe("404 null");
    expect(verdict(await fetch(`${url}/v1/idempotency/`, { headers }))).toBe("404 null");
  });

  test("is a GET", async () => {
    const { url } = await start();

    const answer = await fetch(`${url}/v1/idempotency/k-1`, { method: "POST", body: "{}" });

    expect([verdict(answer), answer.headers.get("allow")]).toEqual(["405 null", "GET"]);
  });
});

describe("an attempt at the payments origin", () => {
  test("is refused before it charges if its number is malformed", async () => {
    const { charge, charges } = await start();

    expect(verdict(await charge("k-1", "first"))).toBe("400 not-executed");
    expect(charges()).toEqual([]);
  });

  test("is not fenced if it has no number", async () => {
    const { charge, probe, charges } = await start();
    await probe("k-1");

    for (let i = 0; i < 2; i += 1) expect(verdict(await charge("k-1", null))).toBe("201 null");
    expect(charges().map(({ attempt }) => attempt)).toEqual([null, null]);
  });

  test("stores no credentials", async () => {
    const { charge, charges } = await start();
    await charge("k-1", "1", "Bearer secret");

    expect(charges()[0]?.caller).toMatch(/^[0-9a-f]{64}$/);
  });
});
