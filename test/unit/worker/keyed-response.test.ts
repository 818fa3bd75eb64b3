import { parseItem, serializeItem, Token } from "structured-headers";
import { describe, expect, test } from "vitest";
import { type AnswerReply, type Mark, type RefusalReply } from "../../../src/call/call.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { identified, refuse } from "../../../src/http/problem.ts";
import { type RepliedRequest, keyedResponse, serializeMark } from "../../../src/worker/keyed-response.ts";
import { streamOf } from "../http/streams.ts";

const RECORDED_AT_MS = 1_793_600_000_999;
const EXPIRES_AT_MS = 1_793_686_400_999;

const REQUEST: RepliedRequest = {
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

describe("5.7.9 a refusal that says when to come again", () => {
  test("is retryable, whatever its code is otherwise", async () => {
    const reply = { ...refusal("outcome_unknown", "unknown"), retryAfterSeconds: 32 };
    const response = keyedResponse(reply, REQUEST);
    expect(response.status).toBe(409);
    expect(Object.fromEntries(response.headers)).toMatchObject({ "retry-after": "32", "x-should-retry": "true" });
    const { retryable, key_reuse, detail } = await response.json<Record<string, unknown>>();
    expect({ retryable, key_reuse }).toEqual({ retryable: true, key_reuse: "same" });
    expect(detail).toContain("The origin is asked again");
  });

  test("is not retryable without it", async () => {
    const response = keyedResponse(refusal("outcome_unknown", "unknown"), REQUEST);
    expect([response.headers.get("retry-after"), response.headers.get("x-should-retry")]).toEqual([null, "false"]);
    expect(await response.json()).toMatchObject({ retryable: false });
  });
});

describe("6.1 the fields of every keyed response", () => {
  test.each([
    ["an answer", answer("executed"), "executed; recorded=@1793600000; expires=@1793686400"],
    ["a refusal of the key object", refusal("outcome_unknown", "unknown"), "unknown"],
    ["a refusal before it", identified(refuse("overloaded")), "refused"],
  ])("are the key as sent and a mark: %s", (_, reply, mark) => {
    const { headers } = keyedResponse(reply, REQUEST);
    expect(headers.get("idempotency-key")).toBe('"k, 1"');
    expect(headers.get("idempotency-status")).toBe(mark);
  });

  test("no field of the origin replaces them", () => {
    const headers = [
      ["idempotency-key", "other"],
      ["content-type", "text/plain"],
    ] as const;
    expect(Object.fromEntries(keyedResponse(answer("executed", { headers }), REQUEST).headers)).toEqual({
      "content-type": "text/plain",
      "idempotency-key": '"k, 1"',
      "idempotency-status": "executed; recorded=@1793600000; expires=@1793686400",
    });
  });
});

describe("6.2.5 Date and Age", () => {
  const headers = [
    ["date", "Tue, 24 Nov 2026 00:00:00 GMT"],
    ["age", "60"],
  ] as const;

  test.each(["replayed", "joined", "released", "unknown"] as const)(
    "are of the response itself where it repeats another one: %s",
    (status) => {
      const beforeMs = Date.now();
      const fields = keyedResponse(answer(status, { headers, speaker: "gateway" }), REQUEST).headers;
      const dateMs = Date.parse(fields.get("date") ?? "");
      // In whole seconds.
      expect(dateMs).toBeGreaterThan(beforeMs - 1000);
      expect(dateMs).toBeLessThanOrEqual(Date.now());
      expect(fields.has("age")).toBe(false);
    },
  );

  test("are the origin's where it answers the request", () => {
    const fields = keyedResponse(answer("executed", { headers }), REQUEST).headers;
    expect([fields.get("date"), fields.get("age")]).toEqual(["Tue, 24 Nov 2026 00:00:00 GMT", "60"]);
  });
});

describe("6.3.5 instance", () => {
  test("is that of the refusal", async () => {
    const uri = `urn:uuid:${INSTANCE}`;
    expect(await keyedResponse(refusal("in_flight"), REQUEST).json()).toMatchObject({ instance: uri });
    const problem = { ...refuse("overloaded"), instance: INSTANCE };
    expect(await keyedResponse(problem, REQUEST).json()).toMatchObject({ instance: uri });
  });
});

describe("3.11.1 a caller beyond its rate limit", () => {
  test("comes again when the tenant's rate limit allows it", () => {
    const retryAfter = (reply: Parameters<typeof keyedResponse>[0]) =>
      keyedResponse(reply, REQUEST).headers.get("retry-after");
    expect(retryAfter(identified({ ...refuse("rate_limited"), retryAfterSeconds: 10 }))).toBe("10");
    expect(retryAfter(identified(refuse("rate_limited")))).toBe("60");
    expect(retryAfter(refusal("in_flight"))).toBe("1");
  });
});

describe("6.2 answers", () => {
  test("have the stored status, headers and bytes", async () => {
    const response = keyedResponse(answer("replayed", { status: 402 }), REQUEST);
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
    expect(keyedResponse(answer(status), REQUEST).headers.get("idempotent-replayed")).toBe(replayed);
  });

  test.each([204, 205, 304])("of status %i have no body", (status) => {
    expect(
      keyedResponse(answer("replayed", { status, body: new Uint8Array(), bodyBytes: 0 }), REQUEST).body,
    ).toBeNull();
  });

  test("may be streams of a length that nobody knows", async () => {
    const response = keyedResponse(answer("executed", { body: streamOf(["a", "b"]), bodyBytes: null }), REQUEST);
    expect(await response.text()).toBe("ab");
  });

  test("keep several cookies apart", () => {
    const headers = [
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ] as const;
    expect(keyedResponse(answer("executed", { headers }), REQUEST).headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });
});

describe("6.3.3 the advice on an origin's answer", () => {
  const OWN = [
    ["retry-after", "2"],
    ["x-should-retry", "true"],
  ] as const;

  test.each<[Mark["status"], number, advice: string]>([
    ["executed", 200, "retry after 2: true"],
    ["executed", 402, "retry after 2: true"],
    ["executed", 500, "retry after 2: false"],
    ["executed", 503, "retry after 2: false"],
    ["replayed", 201, "retry after 2: true"],
    ["replayed", 302, "retry after 2: true"],
    ["replayed", 404, "retry after null: false"],
    ["replayed", 500, "retry after null: false"],
    ["joined", 202, "retry after 2: true"],
    ["joined", 422, "retry after null: false"],
    ["joined", 503, "retry after null: false"],
    ["unknown", 502, "retry after null: false"],
    ["unknown", 200, "retry after null: false"],
    ["released", 429, "retry after 2: true"],
    ["released", 503, "retry after 2: true"],
  ])("marked %s, with %i, is: %s", (mark, status, advice) => {
    const { headers } = keyedResponse(answer(mark, { status, headers: OWN }), REQUEST);
    expect(`retry after ${headers.get("retry-after")}: ${headers.get("x-should-retry")}`).toBe(advice);
    expect(headers.get("stripe-should-retry")).toBe(advice.endsWith("false") ? "false" : null);
  });
});

describe("7.4.3 an answer in another coding", () => {
  test("reaches its client with the bytes and the coding of the origin", async () => {
    const headers = [["content-encoding", "dcb"]] as const;
    const response = keyedResponse(
      answer("executed", { headers, body: new Uint8Array([1, 2]), bodyBytes: 2 }),
      REQUEST,
    );
    expect(response.headers.get("content-encoding")).toBe("dcb");
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2]);
  });
});

describe("4.3.2 Preference-Applied", () => {
  const WAITING: RepliedRequest = { ...REQUEST, waitSeconds: 5 };
  const applied = (reply: Parameters<typeof keyedResponse>[0], request: RepliedRequest) =>
    keyedResponse(reply, request).headers.get("preference-applied");

  test("confirms the client's wait where the request has waited, whatever its answer", () => {
    for (const status of ["joined", "released", "unknown"] as const) {
      expect(applied(answer(status, { waited: true }), WAITING)).toBe("wait=5");
    }
    expect(applied(refusal("in_flight", "refused", true), WAITING)).toBe("wait=5");
    expect(applied(refusal("origin_timeout", "unknown", true), WAITING)).toBe("wait=5");
    expect(applied(refusal("in_flight", "refused", true), { ...REQUEST, waitSeconds: 0 })).toBe("wait=0");
  });

  test("is set nowhere else", () => {
    expect(applied(answer("joined", { waited: true }), REQUEST)).toBeNull();
    expect(applied(refusal("in_flight", "refused", true), REQUEST)).toBeNull();
    expect(applied(refusal("in_flight"), WAITING)).toBeNull();
    expect(applied(answer("executed"), WAITING)).toBeNull();
    expect(applied(answer("replayed"), WAITING)).toBeNull();
    expect(applied(refusal("outcome_unknown", "unknown"), WAITING)).toBeNull();
    expect(applied(identified(refuse("body_too_large")), WAITING)).toBeNull();
  });
});
