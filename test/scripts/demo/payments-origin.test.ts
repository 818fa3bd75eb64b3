import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { startPaymentsOrigin } from "../../../examples/payments-origin/server.ts";
import { closing } from "./stub-gateway.ts";

const ORDER = { amount: 1999, currency: "eur", card: "tok_visa", reference: "order-1" };

async function start(latencyMs = 0) {
  return closing(await startPaymentsOrigin({ port: 0, ledgerPath: ":memory:", latencyMs }));
}

function charge(url: string, body: string, headers: Record<string, string> = {}) {
  return fetch(`${url}/v1/charges`, { method: "POST", body, headers });
}

describe("the payments origin", () => {
  test("makes a charge and returns its location", async () => {
    const { url } = await start();

    const answer = await charge(url, JSON.stringify(ORDER), { "Idempotency-Key": "k-1" });
    const made: unknown = await answer.json();

    expect(answer.status).toBe(201);
    expect(made).toMatchObject({ object: "charge", status: "succeeded", ...ORDER, idempotency_key: "k-1" });
    const found = await fetch(`${url}${answer.headers.get("location")}`);
    expect(found.status).toBe(200);
    expect(await found.json()).toEqual(made);
  });

  test("charges again when the same request comes again", async () => {
    const { url, charges } = await start();

    for (let i = 0; i < 2; i += 1) await charge(url, JSON.stringify(ORDER), { "Idempotency-Key": "k-1" });

    expect(charges().map((one) => [one.amount, one.reference, one.idempotencyKey])).toEqual([
      [1999, "order-1", "k-1"],
      [1999, "order-1", "k-1"],
    ]);
    expect(await (await fetch(`${url}/v1/charges`)).json()).toMatchObject({ object: "list", count: 2 });
  });

  test("makes the charge of a client that hangs up", async () => {
    const { url, charges, idle } = await start(50);
    const body = JSON.stringify(ORDER);

    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(`POST /v1/charges HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`, () =>
      socket.destroy(),
    );

    await expect.poll(() => charges().length).toBe(1);
    await idle();
  });

  test("aborts running charges when it closes", async () => {
    const origin = await startPaymentsOrigin({ port: 0, ledgerPath: ":memory:", latencyMs: 60_000 });
    const answer = charge(origin.url, JSON.stringify(ORDER)).catch((error: unknown) => String(error));
    // The charge is running once this one is answered.
    await fetch(`${origin.url}/v1/charges`);

    await origin.close();

    expect(await answer).toBe("TypeError: fetch failed");
  });

  test.each([
    ["no JSON", "{", [""]],
    ["no object", "[]", [""]],
    ["a negative amount", JSON.stringify({ ...ORDER, amount: -1 }), ["/amount"]],
    ["nothing to charge", JSON.stringify({ ...ORDER, amount: 0 }), ["/amount"]],
    ["a fraction of a cent", JSON.stringify({ ...ORDER, amount: 19.99 }), ["/amount"]],
    ["an amount as text", JSON.stringify({ ...ORDER, amount: "1999" }), ["/amount"]],
    ["too much", JSON.stringify({ ...ORDER, amount: 100_000_000 }), ["/amount"]],
    ["an unknown currency", JSON.stringify({ ...ORDER, currency: "EURO" }), ["/currency"]],
    ["an odd reference", JSON.stringify({ ...ORDER, reference: "" }), ["/reference"]],
    ["nothing at all", "{}", ["/amount", "/currency", "/card"]],
  ])("refuses an order with %s", async (_, body, pointers) => {
    const { url, charges } = await start();

    const answer = await charge(url, body);

    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ status: 400, errors: pointers.map((pointer) => ({ pointer })) });
    expect(charges()).toEqual([]);
  });

  test("refuses a body that is too large for an order", async () => {
    const { url } = await start();

    const answer = await charge(url, " ".repeat(16_385));

    expect(answer.status).toBe(413);
  });

  test("refuses other paths and methods", async () => {
    const { url } = await start();

    expect((await fetch(`${url}/`)).status).toBe(404);
    expect((await fetch(`${url}/v1/charges/ch_none`)).status).toBe(404);
    const answer = await fetch(`${url}/v1/charges`, { method: "DELETE" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, POST"]);
  });

  test("rejects if its port is taken", async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);

    await expect(startPaymentsOrigin({ port, ledgerPath: ":memory:" })).rejects.toThrow("EADDRINUSE");
  });
});
