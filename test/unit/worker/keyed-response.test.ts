import { parseItem, serializeItem, Token } from "structured-headers";
import { describe, expect, test } from "vitest";

import { type AnswerReply, type Mark, type RefusalReply } from "../../../src/call/call.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { type Asked, keyedResponse, serializeMark } from "../../../src/worker/keyed-response.ts";
import { identified, refuse } from "../../../src/http/problem.ts";
import { streamOf } from "../http/streams.ts";

const RECORDED_AT_MS = 1_793_600_000_999;
const EXPIRES_AT_MS = 1_793_686_400_999;

const ASKED: Asked = {
  url: new URL("https://api.example.com/v1/charges"),
  policy: DEFAULT_POLICY,
  key: { echo: '"k, 1"', isDerived: false },
  waitSeconds: null,
};

function markOf(status: Mark["status"]): Mark {
  return { status, recordedAtMs: RECORDED_AT_MS, expiresAtMs: EXPIRES_AT_MS };
}

function answer(status: Mark["status"], change: Partial<AnswerReply> = {}): AnswerReply {
  const body = new TextEncoder().encode('{"id":"ch_1"}');
  const headers = [["content-type", "application/json"]] as const;
  const made = { kind: "answer", mark: markOf(status), speaker: "origin", waited: false, status: 201 } as const;
  return { ...made, headers, body, bodyBytes: 13, ...change };
}

const INSTANCE = "8e03978e-40d5-43dd-bc93-6894a57f9324";

function refusal(code: RefusalReply["code"], status: Mark["status"] = "refused", waited = false) {
  const mark = { status, recordedAtMs: null, expiresAtMs: null };
  return { kind: "refusal", mark, waited, code, instance: INSTANCE } as const;
}

describe("6.1.2 Idempotency-Status", () => {
  const STATUSES = ["executed", "replayed", "joined", "released", "unknown", "refused"] as const;

  test.each(STATUSES)("%s is an RFC 9651 Item with Dates, in whole seconds", (status) => {
    const mark = serializeMark(markOf(status));
    expect(mark).toBe(`${status}; recorded=@1793600000; expires=@1793686400`);

    const [recorded, expires] = [1_793_600_000, 1_793_686_400];
    const token = new Token(status);
    const dates = { recorded: new Date(recorded * 1000), expires: new Date(expires * 1000) };
    // Another serialiser writes the same, without the optional space.
    expect(mark.replaceAll("; ", ";")).toBe(serializeItem(token, new Map(Object.entries(dates))));
    // Its parser can't read a Date that something follows, so it is given Integers.
    expect(parseItem(mark.replaceAll("=@", "="))).toEqual([token, new Map(Object.entries({ recorded, expires }))]);
  });

  test("is read by another parser where it has one Date", () => {
    const mark = serializeMark({ ...markOf("unknown"), recordedAtMs: null });
    expect(parseItem(mark)).toEqual([new Token("unknown"), new Map([["expires", new Date(1_793_686_400_000)]])]);
  });

  test("leaves out what is not known", () => {
    const known = markOf("executed");
    expect(serializeMark({ ...known, recordedAtMs: null, expiresAtMs: null })).toBe("executed");
    expect(serializeMark({ ...known, recordedAtMs: null })).toBe("executed; expires=@1793686400");
    expect(serializeMark({ ...known, expiresAtMs: null })).toBe("executed; recorded=@1793600000");
  });

  test("knows the beginning of time", () => {
    expect(serializeMark({ status: "replayed", recordedAtMs: 0, expiresAtMs: 999 })).toBe(
      "replayed; recorded=@0; expires=@0",
    );
  });
});

describe("6.1 the fields of every keyed response", () => {
  test.each([
    ["an answer", answer("executed"), "executed; recorded=@1793600000; expires=@1793686400"],
    ["a refusal of the key object", refusal("outcome_unknown", "unknown"), "unknown"],
    ["a refusal before it", identified(refuse("overloaded")), "refused"],
  ])("are the key as sent and a mark: %s", (_, reply, mark) => {
    const { headers } = keyedResponse(reply, ASKED);
    expect(headers.get("idempotency-key")).toBe('"k, 1"');
    expect(headers.get("idempotency-status")).toBe(mark);
  });

  test("no field of the origin replaces them", () => {
    const headers = [
      ["idempotency-key", "other"],
      ["content-type", "text/plain"],
    ] as const;
    expect(Object.fromEntries(keyedResponse(answer("executed", { headers }), ASKED).headers)).toEqual({
      "content-type": "text/plain",
      "idempotency-key": '"k, 1"',
      "idempotency-status": "executed; recorded=@1793600000; expires=@1793686400",
    });
  });
});

describe("6.2.4 Date and Age", () => {
  const headers = [
    ["date", "Tue, 24 Nov 2026 00:00:00 GMT"],
    ["age", "60"],
  ] as const;

  test.each(["replayed", "joined", "released", "unknown"] as const)(
    "are of the response itself where it repeats another one: %s",
    (status) => {
      const beforeMs = Date.now();
      const fields = keyedResponse(answer(status, { headers, speaker: "gateway" }), ASKED).headers;
      const dateMs = Date.parse(fields.get("date") ?? "");
      // In whole seconds.
      expect(dateMs).toBeGreaterThan(beforeMs - 1000);
      expect(dateMs).toBeLessThanOrEqual(Date.now());
      expect(fields.has("age")).toBe(false);
    },
  );

  test("are the origin's where it answers the request", () => {
    const fields = keyedResponse(answer("executed", { headers }), ASKED).headers;
    expect([fields.get("date"), fields.get("age")]).toEqual(["Tue, 24 Nov 2026 00:00:00 GMT", "60"]);
  });
});

describe("6.3.5 instance", () => {
  test("is that of the refusal", async () => {
    const uri = `urn:uuid:${INSTANCE}`;
    expect(await keyedResponse(refusal("in_flight"), ASKED).json()).toMatchObject({ instance: uri });
    const problem = { ...refuse("overloaded"), instance: INSTANCE };
    expect(await keyedResponse(problem, ASKED).json()).toMatchObject({ instance: uri });
  });
});

describe("3.11.1 a caller beyond its rate limit", () => {
  test("comes again when the tenant's rate limit allows it", () => {
    const retryAfter = (reply: Parameters<typeof keyedResponse>[0]) =>
      keyedResponse(reply, ASKED).headers.get("retry-after");
    expect(retryAfter(identified({ ...refuse("rate_limited"), retryAfterSeconds: 10 }))).toBe("10");
    expect(retryAfter(identified(refuse("rate_limited")))).toBe("60");
    expect(retryAfter(refusal("in_flight"))).toBe("1");
  });
});

describe("6.2 answers", () => {
  test("have the stored status, headers and bytes", async () => {
    const response = keyedResponse(answer("replayed", { status: 402 }), ASKED);
    expect(response.status).toBe(402);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.text()).toBe('{"id":"ch_1"}');
  });

  test.each([
    ["replayed", "true"],
    ["joined", "true"],
    ["executed", null],
    ["released", null],
    ["unknown", null],
  ] as const)("marked %s have Idempotent-Replayed: %s", (status, replayed) => {
    expect(keyedResponse(answer(status), ASKED).headers.get("idempotent-replayed")).toBe(replayed);
  });

  test.each([204, 205, 304])("of status %i have no body", (status) => {
    expect(keyedResponse(answer("replayed", { status, body: new Uint8Array(), bodyBytes: 0 }), ASKED).body).toBeNull();
  });

  test("may be streams of a length that nobody knows", async () => {
    const response = keyedResponse(answer("executed", { body: streamOf(["a", "b"]), bodyBytes: null }), ASKED);
    expect(await response.text()).toBe("ab");
  });

  test("keep several cookies apart", () => {
    const headers = [
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ] as const;
    expect(keyedResponse(answer("executed", { headers }), ASKED).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });
});

describe("6.3.3 should-retry", () => {
  test("is false on an origin's answer that is marked unknown, whatever the origin said", () => {
    const headers = [["x-should-retry", "true"]] as const;
    const response = keyedResponse(answer("unknown", { status: 503, headers }), ASKED);
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(response.headers.get("stripe-should-retry")).toBe("false");
  });

  test.each(["executed", "replayed", "joined", "released"] as const)(
    "is the origin's own on one marked %s",
    (status) => {
      const headers = [["x-should-retry", "true"]] as const;
      const response = keyedResponse(answer(status, { status: 503, headers }), ASKED);
      expect(response.headers.get("x-should-retry")).toBe("true");
      expect(response.headers.has("stripe-should-retry")).toBe(false);
    },
  );
});

describe("4.3.2 Preference-Applied", () => {
  const WAITING: Asked = { ...ASKED, waitSeconds: 5 };
  const applied = (reply: Parameters<typeof keyedResponse>[0], asked: Asked) =>
    keyedResponse(reply, asked).headers.get("preference-applied");

  test("confirms the client's wait where the request has waited, whatever it was told then", () => {
    for (const status of ["joined", "released", "unknown"] as const) {
      expect(applied(answer(status, { waited: true }), WAITING)).toBe("wait=5");
    }
    expect(applied(refusal("in_flight", "refused", true), WAITING)).toBe("wait=5");
    expect(applied(refusal("origin_timeout", "unknown", true), WAITING)).toBe("wait=5");
    expect(applied(refusal("in_flight", "refused", true), { ...ASKED, waitSeconds: 0 })).toBe("wait=0");
  });

  test("stands nowhere else", () => {
    expect(applied(answer("joined", { waited: true }), ASKED)).toBeNull();
    expect(applied(refusal("in_flight", "refused", true), ASKED)).toBeNull();
    expect(applied(refusal("in_flight"), WAITING)).toBeNull();
    expect(applied(answer("executed"), WAITING)).toBeNull();
    expect(applied(answer("replayed"), WAITING)).toBeNull();
    expect(applied(refusal("outcome_unknown", "unknown"), WAITING)).toBeNull();
    expect(applied(identified(refuse("body_too_large")), WAITING)).toBeNull();
  });
});
