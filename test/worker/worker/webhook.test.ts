import { describe, expect, test } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { heldAnswer, scriptOrigin } from "../../support/origin.ts";
import { problem, refusalOf } from "../../support/refusals.ts";

const PATH = "/hooks/shop";

/** A sender of webhooks, which has no credential. Its gateway's entry has `fields`. */
function senderTo(fields: Record<string, unknown> = {}) {
  const client = clientOf({ profile: "webhook", caller: undefined, ...fields });
  return (id: string | null, body = '{"type":"invoice.paid"}', headers: Record<string, string> = {}) =>
    client.post(PATH, {
      key: null,
      body,
      headers: {
        authorization: null,
        "content-type": "application/json",
        ...(id === null ? {} : { "webhook-id": id }),
        ...headers,
      },
    });
}

/** What the gateway and its receiver said to each delivery. */
async function said(response: Response): Promise<string> {
  return `${response.status} ${statusOf(response)} ${await response.text()}`;
}

function lost(): never {
  throw new Error("Network connection lost.");
}

describe("6.5.8 a delivery", () => {
  test.each([200, 201, 202, 299])(
    "that is answered by 2xx is handled once, and duplicates get the kept answer: %i",
    async (status) => {
      const origin = scriptOrigin((_, number) => new Response(`handled ${number}`, { status }));
      const deliver = senderTo();
      const id = uniqueKey();
      expect([await said(await deliver(id)), await said(await deliver(id))]).toEqual([
        `${status} executed handled 1`,
        `${status} replayed handled 1`,
      ]);
      expect(origin.received).toHaveLength(1);
    },
  );

  test.each([301, 308, 400, 404, 408, 409, 410, 422, 425, 429, 500, 501, 502, 503, 504, 520, 524, 599])(
    "that is answered otherwise is handled again, as often as it comes: %i",
    async (status) => {
      const origin = scriptOrigin((_, number) => new Response(`failed ${number}`, { status }));
      const deliver = senderTo();
      const id = uniqueKey();
      expect([await said(await deliver(id)), await said(await deliver(id))]).toEqual([
        `${status} released failed 1`,
        `${status} released failed 2`,
      ]);
      origin.answers(() => new Response("handled"));
      expect(await said(await deliver(id))).toBe("200 executed handled");
      expect(await said(await deliver(id))).toBe("200 replayed handled");
      expect(origin.received).toHaveLength(3);
    },
  );

  test("whose receiver dies is handled again, more often than any sender's first day has tries", async () => {
    const origin = scriptOrigin(lost);
    const deliver = senderTo();
    const id = uniqueKey();
    for (let tries = 1; tries <= 30; tries++) {
      expect(await problemOf(await deliver(id))).toBe("502 origin_unreachable");
    }
    origin.answers(() => new Response("handled"));
    expect(await said(await deliver(id))).toBe("200 executed handled");
    expect(await said(await deliver(id))).toBe("200 replayed handled");
    expect(origin.received.map(({ headers }) => headers.get("oncegate-attempt"))).toEqual(
      Array.from({ length: 31 }, (_, index) => String(index + 1)),
    );
  });

  test("that fails by 409 and 500 after its receiver died stays open", async () => {
    const origin = scriptOrigin(lost);
    const deliver = senderTo();
    const id = uniqueKey();
    await deliver(id);
    for (const status of [409, 425, 500]) {
      origin.answers(() => new Response("failed", { status }));
      expect(await said(await deliver(id))).toBe(`${status} unknown failed`);
    }
    origin.answers(() => new Response("handled"));
    expect(await said(await deliver(id))).toBe("200 executed handled");
  });

  test("whose 2xx breaks off is handled again", async () => {
    const origin = scriptOrigin(() => {
      const body = new ReadableStream({
        pull(controller) {
          controller.enqueue(new TextEncoder().encode("hand"));
          controller.error(new Error("Network connection lost."));
        },
      });
      return new Response(body);
    });
    const deliver = senderTo();
    const id = uniqueKey();
    expect(await problemOf(await deliver(id))).toBe("502 origin_unreachable");
    origin.answers(() => new Response("handled"));
    expect(await said(await deliver(id))).toBe("200 executed handled");
  });

  test("whose receiver hangs is handled again after origin_deadline", async () => {
    const origin = scriptOrigin(() => new Promise<never>(() => {}));
    const deliver = senderTo({ origin_timeout: "100ms", origin_deadline: "300ms" });
    const id = uniqueKey();
    expect(await problemOf(await deliver(id))).toBe("504 origin_timeout");
    origin.answers(() => new Response("handled"));
    // It joins the attempt that is still running, whose deadline ends the wait.
    expect(await problemOf(await deliver(id))).toBe("503 outcome_unknown");
    expect(await said(await deliver(id))).toBe("200 executed handled");
    expect(origin.received).toHaveLength(2);
  });

  test("that comes while the first is handled gets that answer", async () => {
    const held = heldAnswer(() => new Response("handled"));
    const origin = scriptOrigin(held.answer);
    const deliver = senderTo();
    const id = uniqueKey();
    const both = [deliver(id), deliver(id)];
    await origin.arrived(1);
    held.release();
    const answers = await Promise.all(both);
    expect((await Promise.all(answers.map(said))).toSorted()).toEqual(["200 executed handled", "200 joined handled"]);
    expect(origin.received).toHaveLength(1);
  });

  test("that waits for the first gets a 503 before its sender gives up, and a later one the answer", async () => {
    const held = heldAnswer(() => new Response("handled"));
    const origin = scriptOrigin(held.answer);
    const deliver = senderTo();
    const id = uniqueKey();
    const first = deliver(id);
    await origin.arrived(1);
    const began = performance.now();
    const second = await deliver(id);
    expect(performance.now() - began).toBeGreaterThan(1900);
    expect(await refusalOf(second)).toEqual(problem(503, "in_flight"));
    expect(second.headers.get("retry-after")).toBe("1");
    held.release();
    expect(statusOf(await first)).toBe("executed");
    expect(await said(await deliver(id))).toBe("200 replayed handled");
    expect(origin.received).toHaveLength(1);
  });
});

describe("6.5.8 what makes two deliveries the same", () => {
  test("is not the signature, nor its time, nor what a sender counts in the body", async () => {
    const origin = scriptOrigin();
    const deliver = senderTo({ key_from: ["/id"] });
    const id = uniqueKey();
    const answers = [1, 2].map((tries) => {
      const body = JSON.stringify({ id, type: "invoice.paid", pending_webhooks: 3 - tries });
      return () =>
        deliver(null, body, { "stripe-signature": `t=${tries},v1=${tries}`, "webhook-timestamp": `${tries}` });
    });
    for (const [index, expected] of ["executed", "replayed"].entries()) {
      const response = await answers[index]?.();
      expect(response && statusOf(response)).toBe(expected);
    }
    expect(origin.received).toHaveLength(1);
  });

  test("is the event: another one under its id is refused, and its sender sees that", async () => {
    const origin = scriptOrigin();
    const deliver = senderTo();
    const id = uniqueKey();
    await deliver(id, '{"type":"invoice.paid"}');
    expect(await refusalOf(await deliver(id, '{"type":"invoice.voided"}'))).toEqual(problem(422, "key_reused"));
    expect(origin.received).toHaveLength(1);
  });

  test("is the endpoint: one event goes to each of them", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ profile: "webhook", caller: undefined });
    const headers = { "webhook-id": uniqueKey(), authorization: null };
    const answers = [
      await client.post("/hooks/billing", { key: null, headers }),
      await client.post("/hooks/crm", { key: null, headers }),
    ];
    expect(answers.map(statusOf)).toEqual(["executed", "executed"]);
    expect(origin.received).toHaveLength(2);
  });
});

describe("6.5.8 the fields of webhook", () => {
  test("keep a 2xx for seven days", async () => {
    scriptOrigin();
    const mark = (await senderTo()(uniqueKey())).headers.get("idempotency-status") ?? "";
    const [, recorded, expires] = /recorded=@(\d+); expires=@(\d+)/.exec(mark) ?? [];
    expect(Number(expires) - Number(recorded)).toBe(604_800);
  });

  test("let a delivery without an id pass", async () => {
    const origin = scriptOrigin();
    const response = await senderTo()(null);
    expect([response.status, response.headers.has("idempotency-status")]).toEqual([200, false]);
    expect(origin.received).toHaveLength(1);
  });

  test("let a delivery have more than the megabyte of other requests", async () => {
    const origin = scriptOrigin();
    const id = uniqueKey();
    const response = await senderTo()(id, JSON.stringify({ commits: "x".repeat(2_000_000) }));
    expect(statusOf(response)).toBe("executed");
    expect(origin.received[0]?.body.byteLength).toBe(2_000_014);
  });

  test("need no caller on a route of an API that identifies its own", async () => {
    const origin = scriptOrigin();
    const client = clientOf({ routes: [{ match: `POST ${PATH}`, profile: "webhook" }] });
    const id = uniqueKey();
    const deliver = (authorization: string | null) =>
      client.post(PATH, { key: null, headers: { "webhook-id": id, authorization } });
    // A sender's token differs from one delivery to the next.
    const answers = [await deliver(null), await deliver("Bearer jwt-1"), await deliver("Bearer jwt-2")];
    expect(answers.map(statusOf)).toEqual(["executed", "replayed", "replayed"]);
    const { status } = await client.post("/v1/charges", { headers: { authorization: null } });
    expect(status).toBe(400);
    expect(origin.received).toHaveLength(1);
  });
});
