// Forms, compared by meaning.

import { describe, expect, test } from "vitest";
import { parseForm } from "../../../src/identity/form.ts";
import { type Fingerprint } from "../../../src/record/record.ts";
import { type Change, identityOf } from "./requests.ts";

const PAIRS = "application/x-www-form-urlencoded";
const PARTS = "multipart/form-data; boundary=XX";

function pairs(body: string | Uint8Array, contentType = PAIRS): Change {
  return { contentType, body };
}

function parts(body: string | Uint8Array, contentType = PARTS): Change {
  return { contentType, body };
}

/** A part as most clients send it. */
function part(name: string, content: string): string {
  return `Content-Disposition: form-data; name="${name}"\r\n\r\n${content}`;
}

function multipart(all: readonly string[], boundary = "XX"): string {
  return `${all.map((one) => `--${boundary}\r\n${one}\r\n`).join("")}--${boundary}--\r\n`;
}

async function fingerprintsOf(one: Change, other: Change): Promise<[string, string]> {
  return [(await identityOf(one)).fingerprint, (await identityOf(other)).fingerprint];
}

function isByBytes({ rule, fingerprint, plain }: Fingerprint): boolean {
  return rule === "json" && fingerprint === plain;
}

function bytes(...pieces: readonly (string | readonly number[])[]): Uint8Array {
  return Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : Buffer.from(piece))));
}

describe("3.8.10 pairs", () => {
  test.each([
    ["percent-encoding", "name=J%6fe", "name=Joe"],
    ["the case of its digits", "name=%c3%a9", "name=%C3%A9"],
    ["how a space is written", "name=a+b", "name=a%20b"],
    ["the encoding of names", "metadata%5Bid%5D=1", "metadata[id]=1"],
    ["the encoding of an equals sign in a value", "a=b=c", "a=b%3Dc"],
  ])("do not differ by %s", async (_, one, other) => {
    const [a, b] = await fingerprintsOf(pairs(one), pairs(other));
    expect(a).toBe(b);
  });

  test.each([
    ["the order", "a=1&b=2", "b=2&a=1"],
    ["the order of values of one name", "a=1&a=2", "a=2&a=1"],
    ["repetition", "a=1", "a=1&a=1"],
    ["an empty value", "a=1&b=", "a=1"],
    ["whether there is an equals sign", "a", "a="],
    ["an empty name", "=a", "a"],
    ["an encoded ampersand", "a=1%26b=2", "a=1&b=2"],
    ["an encoded equals sign in a name", "a%3Db=1", "a=b=1"],
    ["an encoded plus", "a=%2B", "a=+"],
    ["an encoded percent sign", "a=%2541", "a=%41"],
    ["an encoded byte order mark", "a=%EF%BB%BF", "a="],
    ["where a name ends", "ab=c", "a=bc"],
    ["an empty body", "", "a"],
  ])("differ by %s", async (_, one, other) => {
    const [a, b] = await fingerprintsOf(pairs(one), pairs(other));
    expect(a).not.toBe(b);
  });

  test("differ by their media type, with a charset and without", async () => {
    const [a, b] = await fingerprintsOf(pairs("a=1"), pairs("a=1", `${PAIRS}; charset=UTF-8`));
    expect(a).not.toBe(b);
    const [c, d] = await fingerprintsOf(
      pairs("a=%31", `${PAIRS};charset=UTF-8`),
      pairs("a=1", `${PAIRS}; charset=UTF-8`),
    );
    expect(c).toBe(d);
  });

  test("are pairs only under their own media type", async () => {
    const [a, b] = await fingerprintsOf(pairs("a=%31", "text/plain"), pairs("a=1", "text/plain"));
    expect(a).not.toBe(b);
  });
});

describe("3.8.11 parts", () => {
  test("are the same with any boundary", async () => {
    const all = [part("a", "1"), part("file", "--YY\r\n-")];
    const [a, b] = await fingerprintsOf(
      parts(multipart(all)),
      parts(multipart(all, "a 'b'"), `multipart/form-data; boundary="a 'b'"`),
    );
    expect(a).toBe(b);
  });

  test("are the same with and without a line break after the last boundary", async () => {
    const [a, b] = await fingerprintsOf(parts("--XX--\r\n"), parts("--XX--"));
    expect(a).toBe(b);
  });

  // A real client makes a new boundary for each.
  test("are the same in two bodies of one FormData", async () => {
    const form = new FormData();
    form.append("amount", "100");
    form.append("receipt", new File([new Uint8Array([0, 255, 13, 10, 45, 45])], "réçu 1.bin", { type: "image/png" }));
    const sent = async (): Promise<Change> => {
      const response = new Response(form);
      return { contentType: response.headers.get("content-type"), body: new Uint8Array(await response.arrayBuffer()) };
    };
    const [one, other] = [await sent(), await sent()];
    expect(one.contentType).not.toBe(other.contentType);
    const [a, b] = await fingerprintsOf(one, other);
    expect(a).toBe(b);
    form.set("amount", "101");
    expect((await identityOf(await sent())).fingerprint).not.toBe(a);
  });

  const file = (header: string, content = "x"): string => `Content-Disposition: form-data; ${header}\r\n\r\n${content}`;

  test.each<[string, string[], string[]]>([
    ["a byte of the content", [part("a", "1")], [part("a", "2")]],
    ["a line end in the content", [part("a", "1\n")], [part("a", "1\r\n")]],
    ["a line end at the end", [part("a", "1")], [part("a", "1\r\n")]],
    ["the name", [part("a", "1")], [part("b", "1")]],
    ["the order", [part("a", "1"), part("b", "2")], [part("b", "2"), part("a", "1")]],
    ["repetition", [part("a", "1")], [part("a", "1"), part("a", "1")]],
    ["an empty part", [part("a", "")], []],
    ["the file's name", [file('name="a"; filename="1"')], [file('name="a"; filename="2"')]],
    ["whether it is a file", [file('name="a"; filename=""')], [file('name="a"')]],
    ["a further field", [`Content-Type: text/plain\r\n${part("a", "1")}`], [part("a", "1")]],
    ["the value of a field", [`X: 1\r\n${part("a", "1")}`], [`X: 2\r\n${part("a", "1")}`]],
    ["the order of fields", [`X: 1\r\nX: 2\r\n${part("a", "1")}`], [`X: 2\r\nX: 1\r\n${part("a", "1")}`]],
    ["the spelling of fields", [`x: 1\r\n${part("a", "1")}`], [`X: 1\r\n${part("a", "1")}`]],
    ["a byte order mark", [part("a", "\ufeff1")], [part("a", "1")]],
  ])("differ by %s", async (_, one, other) => {
    const [a, b] = await Promise.all([identityOf(parts(multipart(one))), identityOf(parts(multipart(other)))]);
    expect([isByBytes(a), isByBytes(b)]).toEqual([false, false]);
    expect(a.fingerprint).not.toBe(b.fingerprint);
  });

  test("differ by the parameters of their media type, except for the boundary", async () => {
    const body = multipart([part("a", "1")]);
    const [a, b] = await fingerprintsOf(parts(body), parts(body, `${PARTS}; charset=utf-8`));
    expect(a).not.toBe(b);
  });

  test("differ by bytes that are not text", async () => {
    const content = (byte: number): Change => parts(bytes(`--XX\r\n${part("a", "")}`, [byte], "\r\n--XX--"));
    const [a, b] = await fingerprintsOf(content(0xfe), content(0xff));
    expect(a).not.toBe(b);
  });

  test("differ from pairs with the same fields", async () => {
    const [a, b] = await fingerprintsOf(parts(multipart([part("a", "1")])), pairs("a=1"));
    expect(a).not.toBe(b);
    expect((await identityOf(parts("--XX--"))).fingerprint).not.toBe((await identityOf(pairs(""))).fingerprint);
  });
});

describe("3.8.12 forms that are compared by their bytes", () => {
  const many = (count: number): string => Array.from({ length: count }, () => "a").join("&");

  test.each<[string, Change]>([
    ["another charset", pairs("a=1", `${PAIRS}; charset=iso-8859-1`)],
    ["two charsets", pairs("a=1", `${PAIRS}; charset=utf-8; charset=utf-16`)],
    ["a type that can't be parsed", pairs("a=1", `${PAIRS}, ${PAIRS}`)],
    ["more than 1,000 pairs", pairs(many(1001))],
    ["more than 1 MB", pairs(`a=${"b".repeat(999_999)}`)],
    ["an empty pair", pairs("a=1&&b=2")],
    ["an empty pair at the end", pairs("a=1&")],
    ["a broken escape", pairs("a=%4")],
    ["an invalid escape", pairs("a=%zz")],
    ["encoded bytes that are not UTF-8", pairs("a=%ff")],
    ["an encoded surrogate", pairs("a=%ED%A0%80")],
    ["an overlong encoding", pairs("a=%C1%A1")],
    ["a semicolon", pairs("a=1;b=2")],
    ["a space", pairs("a=1 2")],
    ["a line end", pairs("a=1\r\n")],
    ["a control character", pairs("a=\u007f")],
    ["a letter beyond ASCII", pairs("a=é")],
    ["a byte order mark", pairs("\ufeffa=1")],
    ["bytes that are not UTF-8", pairs(bytes("a=", [0xff]))],
  ])("include pairs with %s", async (_, sent) => {
    expect(isByBytes(await identityOf(sent))).toBe(true);
  });

  test("do not include 1,000 pairs or 1 MB", async () => {
    expect(isByBytes(await identityOf(pairs(many(1000))))).toBe(false);
    expect(isByBytes(await identityOf(pairs(`a=${"b".repeat(999_998)}`)))).toBe(false);
  });

  const one = part("a", "1");
  const head = (text: string): string => `--XX\r\n${text}\r\n\r\n1\r\n--XX--`;
  const disposition = (parameters: string): string => head(`Content-Disposition: form-data${parameters}`);

  test.each<[string, Change]>([
    ["no boundary in the type", parts(multipart([one]), "multipart/form-data")],
    ["two boundaries in the type", parts(multipart([one]), `${PARTS}; boundary=YY`)],
    ["an empty boundary", parts("--\r\n", 'multipart/form-data; boundary=""')],
    [
      "a boundary of 71 characters",
      parts(multipart([one], "X".repeat(71)), `multipart/form-data; boundary=${"X".repeat(71)}`),
    ],
    ["no boundary in the type, whatever the body has", parts(multipart([one], "undefined"), "multipart/form-data")],
    [
      "a boundary after what no boundary may have",
      parts(multipart([one]), 'multipart/form-data; boundary="!boundary=XX"'),
    ],
    ["a boundary before what no boundary may have", parts(multipart([one]), "multipart/form-data; boundary=XX!")],
    ["a boundary that no boundary may be", parts(multipart([one], "a!b"), "multipart/form-data; boundary=a!b")],
    ["another charset", parts(multipart([one]), `${PARTS}; charset=latin1`)],
    ["another boundary than the type's", parts(multipart([one], "YY"))],
    ["nothing", parts("")],
    ["no end", parts(`--XX\r\n${one}\r\n--XX\r\n`)],
    ["half an end", parts(`--XX\r\n${one}\r\n--XX-`)],
    ["a preamble", parts(`hello\r\n${multipart([one])}`)],
    ["an empty preamble", parts(`\r\n${multipart([one])}`)],
    ["an epilogue", parts(`${multipart([one])}hello`)],
    ["a part after the end", parts(multipart([one]) + multipart([one]))],
    ["a second line end after the end", parts(`${multipart([one])}\r\n`)],
    ["another first boundary", parts(`--YY\r\n${one}\r\n--XX--`)],
    ["two characters for a line end before a boundary", parts(`--XX\r\n${one}ab--XX--`)],
    ["two characters for a line end after a boundary", parts(`--XXab${one}\r\n--XX--`)],
    ["half a line end before a boundary", parts(`--XX\r\n${one}\ra--XX--`)],
    ["the other half before a boundary", parts(`--XX\r\n${one}a\n--XX--`)],
    ["half a line end after a boundary", parts(`--XX\ra${one}\r\n--XX--`)],
    ["the other half after a boundary", parts(`--XXa\n${one}\r\n--XX--`)],
    ["half a line end after the end", parts(`--XX\r\n${one}\r\n--XX--\ra`)],
    ["the other half after the end", parts(`--XX\r\n${one}\r\n--XX--a\n`)],
    ["a dash and another character at the end", parts(`--XX\r\n${one}\r\n--XX-a`)],
    ["another character and a dash at the end", parts(`--XX\r\n${one}\r\n--XXa-`)],
    ["an end alone", parts("x--")],
    ["a part without its boundary", parts(`x\r\n${one}\r\n--XX--`)],
    ["a byte order mark before the header fields", parts(multipart([`\ufeff${one}`]))],
    ["padding after a boundary", parts(`--XX \r\n${one}\r\n--XX--`)],
    ["a boundary that goes on", parts(`--XX\r\n${one}\r\n--XXY\r\n${one}\r\n--XX--`)],
    ["a boundary inside of a line", parts(multipart([part("a", "b --XX c")]))],
    ["a boundary after a further dash", parts(multipart([part("a", "b\r\n---XX c")]))],
    ["a boundary after a bare line feed", parts(multipart([part("a", "b\n--XX\r\n")]))],
    ["a boundary after a bare carriage return", parts(multipart([part("a", "b\r--XX\r\n")]))],
    ["a boundary before a bare line feed", parts(`--XX\n${one}\r\n--XX--`)],
    ["boundaries with one line end in between", parts("--XX\r\n--XX--")],
    ["bare line feeds", parts(multipart([one]).replaceAll("\r", ""))],
    ["more than 1,000 parts", parts(multipart(Array.from({ length: 1001 }, () => one)))],
    ["a part without header fields", parts("--XX\r\n\r\n1\r\n--XX--")],
    ["a part without an empty line", parts("--XX\r\nContent-Disposition: form-data; name=a\r\n--XX--")],
    ["a longer name and no empty line", parts("--XX\r\nContent-Disposition: form-data; name=ab\r\n--XX--")],
    ["more than 8 KiB of header fields", parts(multipart([`X: ${"x".repeat(8192)}\r\n${one}`]))],
    ["a folded field", parts(multipart([`X: 1\r\n 2\r\n${one}`]))],
    ["a line that is no field", parts(multipart([`X\r\n${one}`]))],
    ["a space before a colon", parts(multipart([`X : 1\r\n${one}`]))],
    ["a control character in a field", parts(multipart([`X: \u0000\r\n${one}`]))],
    ["a bare line feed in a field", parts(multipart([`X: 1\nY: 1\r\n${one}`]))],
    ["a field that is not UTF-8", parts(bytes("--XX\r\nX: ", [0xe9], `\r\n${one}\r\n--XX--`))],
    ["no disposition", parts(head("Content-Type: text/plain"))],
    ["two dispositions", parts(multipart([`content-disposition: form-data; name="b"\r\n${one}`]))],
    ["another disposition", parts(head('Content-Disposition: attachment; name="a"'))],
    ["no name", parts(disposition(""))],
    ["two names", parts(disposition('; name="a"; name="b"'))],
    ["two names in other letters", parts(disposition('; name="a"; NAME="b"'))],
    ["an extended name", parts(disposition("; name=\"a\"; name*=utf-8''b"))],
    ["an extended name alone", parts(disposition("; name*=utf-8''b"))],
    ["a backslash", parts(disposition(String.raw`; name="a\b"`))],
    ["a backslash before a quote", parts(disposition(String.raw`; name="a"; filename="\"; name=\"b"`))],
    ["a quote that does not end", parts(disposition('; name="a'))],
    ["something after a quoted value", parts(disposition('; name="a"b'))],
    ["something between parameters", parts(disposition('; name="a" b'))],
  ])("include parts with %s", async (_, sent) => {
    expect(isByBytes(await identityOf(sent))).toBe(true);
  });

  test.each<[string, Change]>([
    ["1,000 of them", parts(multipart(Array.from({ length: 1000 }, () => one)))],
    ["none", parts("--XX--\r\n")],
    [
      "a boundary of 70 characters",
      parts(multipart([one], "X".repeat(70)), `multipart/form-data; boundary=${"X".repeat(70)}`),
    ],
    ["a boundary of nothing but dashes", parts(multipart([one], "--"), "multipart/form-data; boundary=--")],
    ["a name without quotes", parts(disposition("; name=a"))],
    ["an empty name", parts(disposition('; name=""'))],
    ["letters beyond ASCII", parts(disposition("; name=\"é😀\"; filename*=utf-8''%C3%A9"))],
    ["a semicolon in a quoted value", parts(disposition('; filename="a; name=b"; name="a"'))],
    ["other white space", parts(head('content-disposition:form-data;name="a"'))],
    ["dashes and other boundaries in content", parts(multipart([part("a", "--X\r\n--YY\r\n--X--")]))],
    ["an empty line in content", parts(multipart([part("a", "\r\n\r\n")]))],
  ])("do not include parts with %s", async (_, sent) => {
    expect(isByBytes(await identityOf(sent))).toBe(false);
  });

  test("have the fingerprint of their bytes", async () => {
    for (const sent of [pairs("a=1"), parts(multipart([one]))]) {
      const identity = await identityOf(sent, { body: "bytes" });
      expect(identity.rule).toBe("bytes");
      expect(identity.fingerprint).toBe(identity.plain);
    }
  });
});

describe("3.8.13 the compared fields of a form", () => {
  async function areSame(one: Change, other: Change, rule: Parameters<typeof identityOf>[1]): Promise<boolean> {
    return (await identityOf(one, rule)).fingerprint === (await identityOf(other, rule)).fingerprint;
  }
  const ignore = [["sent_at"], ["metadata[try]"], ["a", "b"]];

  test("exclude every occurrence of an ignored field", async () => {
    const [one, other] = [pairs("id=1&sent_at=1&sent_at=2&metadata%5Btry%5D=1"), pairs("sent%5Fat=3&id=1")];
    expect(await areSame(one, other, { ignore })).toBe(true);
    expect(await areSame(one, pairs("sent_at=1&id=2"), { ignore })).toBe(false);
    expect(await areSame(pairs("a=1&a%2Fb=1"), pairs("a=2&a%2Fb=1"), { ignore })).toBe(false);
    expect(await areSame(pairs("a%2Fb=1"), pairs("a%2Fb=2"), { ignore })).toBe(false);
  });

  test("exclude an ignored part", async () => {
    const sent = (id: string, at: string): Change => parts(multipart([part("id", id), part("sent_at", at)]));
    expect(await areSame(sent("1", "1"), sent("1", "2"), { ignore })).toBe(true);
    expect(await areSame(sent("1", "1"), parts(multipart([part("id", "1")])), { ignore })).toBe(true);
    expect(await areSame(sent("1", "1"), sent("2", "1"), { ignore })).toBe(false);
  });

  test("are the fields in `only`, in their order", async () => {
    const rule = { only: [["id"], ["to"], ["a", "b"]] };
    expect(await areSame(pairs("x=1&id=1&to=2"), pairs("id=1&y=1&to=2"), rule)).toBe(true);
    expect(await areSame(pairs("id=1&to=2"), pairs("to=2&id=1"), rule)).toBe(false);
    expect(await areSame(pairs("id=1"), pairs("id=1&to"), rule)).toBe(false);
    expect(await areSame(pairs("id=1&id=2"), pairs("id=1"), rule)).toBe(false);
    expect(await areSame(pairs("id=1"), pairs("to=1"), rule)).toBe(false);
  });

  test("are all fields if `only` names none of them", async () => {
    const rule = { only: [["id"]], ignore: [["try"]] };
    expect(await areSame(pairs("a=1"), pairs("a=2"), rule)).toBe(false);
    expect(await areSame(pairs("a=1&try=1"), pairs("a=1&try=2"), rule)).toBe(true);
    expect(await areSame(pairs("a=1"), pairs("id=1&a=1"), rule)).toBe(false);
  });
});

test.each([null, "", "text", "text/plain", "multipart/mixed; boundary=XX"])(
  "a body of the type %j is no form",
  (type) => {
    expect(parseForm(type, bytes(multipart([part("a", "1")])))).toBeNull();
  },
);

test("3.8.11 a form has all parameters of its media type but the boundary", () => {
  const type = 'Multipart/Form-Data; Charset=UTF-8; boundary="XX"; a=b';
  expect(parseForm(type, bytes(multipart([part("a", "1")])))).toMatchObject({
    mediaType: "multipart/form-data;charset=UTF-8;a=b",
    fields: [{ name: "a" }],
  });
});

describe("3.8.4 a form", () => {
  test("has the digest of its meaning beside the plain digest", async () => {
    expect(await identityOf(pairs("amount=100&currency=eur"))).toEqual({
      rule: "json",
      fingerprint: "cf1fc9cf93f6fec35f9dcbe6de9fd4cf57ab97780ca1b45e82e5db261d21528c",
      plain: "351a1f2d022b899ba844cbc032486fa1411e02b43f3f5185a0228394254389c4",
    });
    expect(await identityOf(parts(multipart([part("amount", "100")])))).toEqual({
      rule: "json",
      fingerprint: "54524463c4098899ec67b836c568273c79537ce1df534697eebc00348bcde0ec",
      plain: "76f83414b0b7500ae0a6eba5d9971c128d8651ac9b846af65dd90f2e7cbdc069",
    });
  });

  test("names the rest of its rule", async () => {
    const { rule } = await identityOf(pairs("a=1"), { ignore: [["b"]], headers: ["x-mode"] });
    expect(rule).toBe('json:{"ignore":[["b"]],"headers":["x-mode"]}');
  });
});
