import { describe, expect, test } from "vitest";
import { isRefusal, refuse } from "../../../src/http/problem.ts";
import { textOf } from "../../../src/identity/form-field.ts";
import { parseForm } from "../../../src/identity/form.ts";
import { parseIdempotencyKey, writeIdempotencyKey } from "../../../src/identity/idempotency-key.ts";
import { parseJson } from "../../../src/identity/json.ts";
import { findKey, headersOfCarriers, type KeyCarrier, writeSource } from "../../../src/identity/key-carrier.ts";

const STANDARD: KeyCarrier = [{ kind: "header", name: "idempotency-key" }];
const VENDOR: KeyCarrier = [{ kind: "header", name: "x-idempotency-key" }];
const MEMBER: KeyCarrier = [{ kind: "body", pointer: ["idempotency_key"] }];
const QUERY: KeyCarrier = [{ kind: "query", name: "requestid" }];
const FIELD: KeyCarrier = [{ kind: "form", name: "order_token" }];
const DELIVERY: KeyCarrier = [
  { kind: "header", name: "x-github-event" },
  { kind: "header", name: "x-github-delivery" },
];

/** The key of a request with these fields and this body, and whether the body was parsed for it. */
async function find(carriers: readonly KeyCarrier[], fields: Record<string, string>, body = "", query = "") {
  let wasRead = false;
  const read = async <T>(value: T): Promise<T> => {
    wasRead = true;
    return value;
  };
  const headers = new Headers(fields);
  const bytes = new TextEncoder().encode(body);
  const key = await findKey(carriers, {
    headers,
    query,
    document: () => read(parseJson(body)),
    form: () => read(parseForm(headers.get("content-type"), bytes)),
  });
  return { key, wasRead };
}

async function keyInQuery(query: string) {
  return (await find([QUERY], {}, "", query)).key;
}

async function keyInForm(body: string, type = "application/x-www-form-urlencoded") {
  return (await find([FIELD], { "content-type": type }, body)).key;
}

async function keyIn(body: string) {
  return (await find([MEMBER], {}, body)).key;
}

describe("3.4.6 the key", () => {
  test("comes from the first carrier that is present, in the policy's order", async () => {
    const both = { "idempotency-key": "standard", "x-idempotency-key": "vendor" };
    const body = '{"idempotency_key":"member"}';
    expect((await find([STANDARD, VENDOR, MEMBER], both, body)).key).toMatchObject({ value: "standard" });
    expect((await find([VENDOR, STANDARD, MEMBER], both, body)).key).toMatchObject({ value: "vendor" });
    expect((await find([MEMBER, VENDOR, STANDARD], both, body)).key).toMatchObject({ value: "member" });
    expect((await find([VENDOR, MEMBER], { "idempotency-key": "standard" }, body)).key).toMatchObject({
      value: "member",
    });
    expect((await find([STANDARD, VENDOR], {}, body)).key).toBeNull();
  });

  test("includes the value to echo, and the header that carried it", async () => {
    expect((await find([VENDOR], { "x-idempotency-key": '"a b"' })).key).toEqual({
      value: "a b",
      parts: ["a b"],
      echo: '"a b"',
      headers: [["x-idempotency-key", '"a b"']],
      isDerived: false,
    });
    expect(await keyIn('{"idempotency_key":"a b"}')).toEqual({
      value: "a b",
      parts: ["a b"],
      echo: '"a b"',
      headers: [],
      isDerived: false,
    });
  });

  test("is looked up in the body only if no earlier header has it", async () => {
    expect((await find([STANDARD, MEMBER], { "idempotency-key": "k" }, "{}")).wasRead).toBe(false);
    expect((await find([STANDARD, MEMBER], {}, "{}")).wasRead).toBe(true);
    expect((await find([STANDARD], {}, "{}")).wasRead).toBe(false);
  });

  test("is refused if the first carrier is invalid, even if a later one is valid", async () => {
    const fields = { "idempotency-key": "", "x-idempotency-key": "k" };
    expect((await find([STANDARD, VENDOR], fields)).key).toEqual({
      kind: "problem",
      code: "key_invalid",
      detail: "The Idempotency-Key header is empty.",
    });
    expect((await find([VENDOR], { "x-idempotency-key": "a,b" })).key).toMatchObject({
      kind: "problem",
      code: "key_invalid",
    });
  });
});

describe("3.4.7 a key in the body", () => {
  test.each([
    ["a string", '{"idempotency_key":"k-1"}', "k-1"],
    ["one with a comma, a space and quotes", String.raw`{"idempotency_key":"a, \"b\""}`, 'a, "b"'],
    ["one that looks quoted, which it is not", String.raw`{"idempotency_key":"\"k\""}`, '"k"'],
    ["an escaped letter", String.raw`{"idempotency_key":"\u006b"}`, "k"],
    ["255 characters", `{"idempotency_key":"${"k".repeat(255)}"}`, "k".repeat(255)],
  ])("is %s", async (_, body, value) => {
    expect(await keyIn(body)).toMatchObject({ value });
  });

  test.each([
    ["an empty string", '{"idempotency_key":""}'],
    ["256 characters", `{"idempotency_key":"${"k".repeat(256)}"}`],
    ["a number", '{"idempotency_key":1}'],
    ["a boolean", '{"idempotency_key":true}'],
    ["an object", '{"idempotency_key":{}}'],
    ["a list", '{"idempotency_key":["k"]}'],
    ["a letter beyond ASCII", '{"idempotency_key":"schlüssel"}'],
    ["a line feed", String.raw`{"idempotency_key":"a\nb"}`],
  ])("is never %s", async (_, body) => {
    expect(await keyIn(body)).toMatchObject({ kind: "problem", code: "key_invalid" });
  });

  test.each([
    ["null", '{"idempotency_key":null}'],
    ["absent", "{}"],
    ["elsewhere", '{"data":{"idempotency_key":"k"}}'],
    ["in what is no object", '"idempotency_key"'],
  ])("counts as absent if it is %s", async (_, body) => {
    expect(await keyIn(body)).toBeNull();
  });

  test.each(["k", "a b", 'a"b', String.raw`a\b`, ",", '"', String.raw`\"`, "\\"])(
    "is echoed as a header value with the same meaning: %j",
    (value) => {
      const echo = writeIdempotencyKey(value);
      expect(isRefusal(parseIdempotencyKey(echo)) ? null : parseIdempotencyKey(echo)).toBe(value);
    },
  );
});

describe("3.4.8 a key in the query", () => {
  test.each([
    ["a parameter", "?a=1&requestid=k-1", "k-1"],
    ["one that is encoded", "?request%69d=%22a%20b%22", '"a b"'],
    ["one with a plus, which is a space", "?requestid=a+b", "a b"],
    ["one without a value in front of others", "?requestid=k&requestids=l", "k"],
  ])("is %s", async (_, query, value) => {
    expect(await keyInQuery(query)).toMatchObject({ value, headers: [] });
  });

  test("is echoed in the form that a header needs", async () => {
    expect(await keyInQuery("?requestid=a%20b")).toMatchObject({ value: "a b", echo: '"a b"' });
  });

  test.each([
    ["empty", "?requestid="],
    ["without a value", "?requestid"],
    ["there twice", "?requestid=k&requestid=k"],
    ["there twice in two spellings", "?requestid=k&request%69d=l"],
    ["256 characters long", `?requestid=${"k".repeat(256)}`],
    ["not ASCII", "?requestid=%c3%a9"],
    ["not UTF-8", "?requestid=%ff"],
  ])("is refused if it is %s", async (_, query) => {
    expect(await keyInQuery(query)).toMatchObject({ kind: "problem", code: "key_invalid" });
  });

  test.each(["", "?", "?RequestId=k", "?a=requestid", "?requestid%3Dk"])("counts as absent in %j", async (query) => {
    expect(await keyInQuery(query)).toBeNull();
  });
});

describe("3.4.8 a key in a form", () => {
  const parts = (...values: readonly string[]): string =>
    [
      ...values.map((value) => `--b\r\nContent-Disposition: form-data; name="order_token"\r\n\r\n${value}\r\n`),
      "--b--",
    ].join("");

  test("is a field of pairs or of parts", async () => {
    expect(await keyInForm("a=1&order%5ftoken=k%201")).toMatchObject({ value: "k 1", echo: '"k 1"', headers: [] });
    expect(await keyInForm(parts("k 1"), "multipart/form-data; boundary=b")).toMatchObject({ value: "k 1" });
  });

  test.each(["order_token=", "order_token", "order_token=k&order_token=k", "order_token=%c3%a9"])(
    "is refused in %s",
    async (body) => {
      expect(await keyInForm(body)).toMatchObject({ kind: "problem", code: "key_invalid" });
    },
  );

  test.each([
    ["there twice", parts("k", "k")],
    ["a file of any size", parts("k".repeat(100_000))],
    ["not UTF-8", parts("\u00ff")],
  ])("is refused in parts if it is %s", async (_, body) => {
    expect(await keyInForm(body, "multipart/form-data; boundary=b")).toMatchObject({
      kind: "problem",
      code: "key_invalid",
    });
  });

  test("counts as absent without its field, and in a body that is no form", async () => {
    expect(await keyInForm("a=1")).toBeNull();
    expect(await keyInForm("order_token=k", "text/plain")).toBeNull();
  });
});

describe("3.4.9 a key of several parts", () => {
  const delivery = (event: string, id: string) => ({ "x-github-event": event, "x-github-delivery": id });

  test("has the length of each part before it", async () => {
    expect((await find([DELIVERY], delivery("push", '"a b"'))).key).toEqual({
      value: "4:push3:a b",
      parts: ["push", "a b"],
      echo: '"4:push3:a b"',
      headers: [
        ["x-github-event", "push"],
        ["x-github-delivery", '"a b"'],
      ],
      isDerived: false,
    });
  });

  test("differs if characters move between its parts", async () => {
    const [one, other] = [await find([DELIVERY], delivery("a", "bc")), await find([DELIVERY], delivery("ab", "c"))];
    expect(one.key).toMatchObject({ value: "1:a2:bc" });
    expect(other.key).toMatchObject({ value: "2:ab1:c" });
    expect((await find([DELIVERY], delivery("1", "1:1"))).key).toMatchObject({ value: "1:13:1:1" });
  });

  test("may have its parts anywhere", async () => {
    const carrier = [...DELIVERY.slice(0, 1), ...MEMBER, ...QUERY];
    const found = await find([carrier], { "x-github-event": "a" }, '{"idempotency_key":"b"}', "?requestid=c");
    expect(found.key).toMatchObject({ value: "1:a1:b1:c", headers: [["x-github-event", "a"]] });
  });

  test("is absent if all its parts are, and then a later carrier counts", async () => {
    expect((await find([DELIVERY, STANDARD], { "idempotency-key": "k" })).key).toMatchObject({ value: "k" });
    expect((await find([DELIVERY], {})).key).toBeNull();
  });

  test("is refused if some of its parts are missing or invalid, whatever other carriers hold", async () => {
    const standard = { "idempotency-key": "k" };
    expect((await find([DELIVERY, STANDARD], { ...standard, "x-github-event": "push" })).key).toEqual({
      kind: "problem",
      code: "key_invalid",
      detail:
        "The key of this operation has 2 parts: x-github-event, x-github-delivery. Of these, x-github-delivery is missing.",
    });
    expect((await find([DELIVERY], { "x-github-delivery": "1" })).key).toMatchObject({ code: "key_invalid" });
    expect((await find([DELIVERY], delivery("", "1"))).key).toMatchObject({ code: "key_invalid" });
  });

  test("has at most 255 characters in all", async () => {
    expect((await find([DELIVERY], delivery("a".repeat(100), "b".repeat(147)))).key).toMatchObject({
      value: `100:${"a".repeat(100)}147:${"b".repeat(147)}`,
    });
    expect((await find([DELIVERY], delivery("a".repeat(100), "b".repeat(148)))).key).toMatchObject({
      code: "key_invalid",
    });
  });
});

describe("3.4.8 a key in a part of a form", () => {
  const keyInPart = (disposition: string) =>
    keyInForm(
      `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\nk\r\n--b--`,
      "multipart/form-data; boundary=b",
    );

  test("is the content of a field", async () => {
    expect(await keyInPart('name="order_token"')).toMatchObject({ value: "k" });
    expect(await keyInPart('name="order_token"; size=1')).toMatchObject({ value: "k" });
  });

  test.each(['filename="f"', 'filename=""', "FileName=f", "filename*=utf-8''f"])(
    "is refused where the part is a file: %s",
    async (parameter) => {
      const refused = {
        kind: "problem",
        code: "key_invalid",
        detail: "The form field order_token must not be a file.",
      };
      expect(await keyInPart(`name="order_token"; ${parameter}`)).toMatchObject(refused);
      expect(await keyInPart(`${parameter}; name=order_token`)).toMatchObject(refused);
    },
  );
});

describe("a key in a body or a query that can't be read", () => {
  test("is absent where the body is no JSON and no form", async () => {
    expect(await keyIn("{")).toBeNull();
    expect(await keyIn('{"idempotency_key":"k","idempotency_key":"k"}')).toBeNull();
  });

  test.each(["document", "form"] as const)("is refused as the body is: %s", async (grammar) => {
    const refusal = refuse("body_too_large");
    const read = () => Promise.resolve(refusal);
    const places = { headers: new Headers(), query: "", document: read, form: read };
    expect(await findKey([grammar === "form" ? FIELD : MEMBER], places)).toBe(refusal);
  });

  test("is refused with the place that it is in", async () => {
    const refused = (detail: string) => ({ kind: "problem", code: "key_invalid", detail });
    expect(await keyInQuery("?requestid=k&requestid=l")).toEqual(
      refused("The parameter requestid of the query must not be there more than once."),
    );
    expect(await keyInQuery("?requestid=%c3%a9")).toEqual(
      refused("The parameter requestid of the query must consist of printable ASCII characters."),
    );
    expect(await keyInForm("order_token=k&order_token=l")).toEqual(
      refused("The form field order_token must not be there more than once."),
    );
  });
});

describe("the text of a field", () => {
  const bytesOf = (text: string) => new TextEncoder().encode(text);

  test.each<[string | Uint8Array | null, string]>([
    ["a b", "a b"],
    ["", ""],
    [null, ""],
    [bytesOf("a\u00e9"), "a\u00e9"],
    [new Uint8Array([0x61, 0xff]), "a\ufffd"],
    [bytesOf("k".repeat(1000)), "k".repeat(1000)],
    // No key is so long, so no more is decoded.
    [bytesOf("k".repeat(1001)), "k".repeat(1000)],
    ["k".repeat(1001), "k".repeat(1001)],
  ])("with a content [%#]", (content, text) => {
    expect(textOf({ name: "a", head: "a", content })).toBe(text);
  });
});

describe("the places of keys", () => {
  test("are written as they are configured", () => {
    const sources = [STANDARD, [{ kind: "body", pointer: ["a/b", "c"] }] as const, QUERY, FIELD].flat();
    expect(sources.map(writeSource)).toEqual(["idempotency-key", "/a~1b/c", "query:requestid", "form:order_token"]);
  });

  test("are headers among others", () => {
    expect(headersOfCarriers([MEMBER, DELIVERY, [...QUERY, ...STANDARD], FIELD])).toEqual([
      "x-github-event",
      "x-github-delivery",
      "idempotency-key",
    ]);
  });
});
