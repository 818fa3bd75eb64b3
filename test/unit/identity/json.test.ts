import { describe, expect, test } from "vitest";
import { canonicalForm } from "./canonical-form.ts";

/** `levels` arrays around a 1. */
function nested(levels: number): string {
  return "[".repeat(levels) + "1" + "]".repeat(levels);
}

describe("3.8.2 JSON of the same meaning", () => {
  test.each([
    ["numbers with and without a fraction", "1.0", "1"],
    ["a number with an exponent of zero", "1e0", "1"],
    ["an exponent in capitals", "1E0", "1e0"],
    ["an exponent with a sign", "1e+2", "1e2"],
    ["an exponent with zeros in front", "1e002", "100"],
    ["a negative exponent of zero", "1e-0", "1"],
    ["100 and 1e2", "100", "1e2"],
    ["0.1 and 0.10", "0.1", "0.10"],
    ["0.1 and 1e-1", "0.1", "1e-1"],
    ["12.5 and 125e-1", "12.5", "125e-1"],
    ["zeros", "0", "0.000e99"],
    ["negative zeros", "-0", "-0.00e-7"],
    ["large integers", "9007199254740993", "9007199254740993.0"],
    ["numbers beyond any float", "1e400", "10e399"],
    ["numbers below any float", "1e-400", "0.1e-399"],
    ["huge exponents", "1e999999999999999", "10e999999999999998"],
    ["a long fraction", "0.10000000000000000001", "10000000000000000001e-20"],
    ["the order of members", '{"a":1,"b":2}', '{"b":2,"a":1}'],
    ["the order of nested members", '[{"a":{"b":1,"c":2}}]', '[{"a":{"c":2,"b":1}}]'],
    ["members whose names sort by code unit", '{"\u{1f600}":1,"\uffff":2}', '{"\uffff":2,"\u{1f600}":1}'],
    ["white space", '{"a":[1,2]}', '\t{ "a"\r\n: [ 1 ,2 ] }\n'],
    ["an escaped letter", String.raw`"\u0061"`, '"a"'],
    ["an escaped letter in a name", String.raw`{"\u0061":1}`, '{"a":1}'],
    ["an escaped slash", String.raw`"\/"`, '"/"'],
    ["hex digits in either case", String.raw`"\u00E9\u00e9"`, '"éé"'],
    ["a short escape", String.raw`"\n\t\b\f\r"`, String.raw`"\u000a\u0009\u0008\u000C\u000D"`],
    ["an escaped quote and backslash", String.raw`"\"\\"`, String.raw`"\u0022\u005c"`],
    ["an escaped surrogate pair", String.raw`"\ud83d\ude00"`, '"😀"'],
    ["line separators", String.raw`"\u2028"`, '"\u2028"'],
  ])("is equal: %s", (_, one, other) => {
    expect(canonicalForm(one)).not.toBeNull();
    expect(canonicalForm(one)).toBe(canonicalForm(other));
  });

  test.each([
    ["integers with the same float", "9007199254740993", "9007199254740992"],
    ["fractions with the same float", "0.1", "0.10000000000000000001"],
    ["numbers that are both infinite as floats", "1e400", "1e401"],
    ["numbers that are both zero as floats", "1e-400", "1e-401"],
    ["zero and negative zero", "0", "-0"],
    ["a number and its negative", "1", "-1"],
    ["10 and 1", "10", "1"],
    ["1e1 and 1e-1", "1e1", "1e-1"],
    ["a number and its digits as a string", "1", '"1"'],
    ["a literal and its word as a string", "true", '"true"'],
    ["null and absent", '{"a":null}', "{}"],
    ["null and false", "null", "false"],
    ["null and zero", "null", "0"],
    ["an empty object and an empty array", "{}", "[]"],
    ["an empty string and null", '""', "null"],
    ["the order of arrays", "[1,2]", "[2,1]"],
    ["the length of arrays", "[1]", "[1,1]"],
    ["nesting", "[[1],2]", "[[1,2]]"],
    ["upper and lower case", '"a"', '"A"'],
    ["composed and decomposed letters", '"\u00e9"', '"e\u0301"'],
    ["white space within strings", '"a b"', '"a  b"'],
    ["one member and what looks like two", String.raw`{"a":"1,\"b\":2"}`, '{"a":"1","b":"2"}'],
    ["a name that holds what looks like a value", String.raw`{"a\":1,\"b":2}`, '{"a":1,"b":2}'],
    ["values under exchanged names", '{"a":1,"b":2}', '{"a":2,"b":1}'],
  ])("differs: %s", (_, one, other) => {
    expect(canonicalForm(one)).not.toBeNull();
    expect(canonicalForm(other)).not.toBeNull();
    expect(canonicalForm(one)).not.toBe(canonicalForm(other));
  });

  test.each([
    ["__proto__", '{"__proto__":1}', '{"__proto__":2}'],
    ["a __proto__ that is an object", '{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}'],
    ["constructor", '{"constructor":1}', '{"constructor":2}'],
    ["toString", '{"toString":null}', "{}"],
    ["hasOwnProperty", '{"hasOwnProperty":1}', "{}"],
    ["the empty name", '{"":1}', "{}"],
  ])("keeps a member named %s", (_, one, other) => {
    expect(canonicalForm(one)).not.toBeNull();
    expect(canonicalForm(one)).not.toBe(canonicalForm(other));
    expect(canonicalForm(one)).not.toBe(canonicalForm("{}"));
  });

  // Records outlive a deploy. With another form, honest retries of stored requests would be refused.
  test("50,000 values are parsed, and one more is compared by bytes", () => {
    const list = (values: number): string => `[${Array.from({ length: values - 1 }, () => "1").join(",")}]`;
    expect(canonicalForm(list(50_000))).not.toBeNull();
    expect(canonicalForm(list(50_001))).toBeNull();
  });

  test("has a fixed canonical form", () => {
    expect(
      canonicalForm(String.raw`{ "b" : [true, false, null, {}], "a\u00e9\u2028\n" : [-0, 120, 0.05, "\/"] }`),
    ).toBe('{"a\u00e9\u2028\\n":[-0,12e1,5e-2,"/"],"b":[true,false,null,{}]}');
  });
});

describe("3.8.3 JSON that is compared by its bytes", () => {
  test.each([
    ["duplicate members", '{"a":1,"a":1}'],
    ["duplicate members in different spellings", String.raw`{"a":1,"\u0061":2}`],
    ["duplicate members far down", '[{"b":[{"a":1,"c":2,"a":3}]}]'],
    ["a duplicate __proto__", '{"__proto__":1,"__proto__":2}'],
    ["a lone high surrogate", String.raw`"\ud83d"`],
    ["a lone low surrogate", String.raw`"\ude00"`],
    ["surrogates the wrong way round", String.raw`"\ude00\ud83d"`],
    ["a lone surrogate in a name", String.raw`{"\ud83d":1}`],
    ["a raw lone surrogate", '"\ud83d"'],
    ["an exponent of 16 digits", "1e1000000000000000"],
    ["a zero with an exponent of 16 digits", "0e1000000000000000"],
    ["65 levels", nested(65)],
    ["65 levels of objects", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`],
    ["65 levels without anything inside", "[".repeat(65) + "]".repeat(65)],
    ["a byte order mark", "\ufeff{}"],
  ])("rejects %s", (_, text) => {
    expect(canonicalForm(text)).toBeNull();
  });

  test("parses 64 levels", () => {
    expect(canonicalForm(nested(64))).toBe(`${"[".repeat(64)}1e0${"]".repeat(64)}`);
    expect(canonicalForm(`${"[".repeat(63)}{}${"]".repeat(63)}`)).not.toBeNull();
  });

  test("counts levels and not siblings", () => {
    expect(canonicalForm(`[${Array.from({ length: 100 }, () => nested(63)).join(",")}]`)).not.toBeNull();
  });

  test.each([
    "",
    " ",
    "{",
    "[",
    "{]",
    "[1",
    "[1,]",
    "[,1]",
    "[1 2]",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{"a":1 "b":2}',
    "{a:1}",
    "{1:1}",
    "{null:1}",
    '{"a":1}}',
    "[]]",
    "1 1",
    "01",
    "-01",
    "1.",
    ".1",
    "+1",
    "-",
    "1e",
    "1e+",
    "1.e1",
    "0x1",
    "NaN",
    "Infinity",
    "-Infinity",
    "1_000",
    "truE",
    "tru",
    "truex",
    "nul",
    "undefined",
    "'a'",
    '"a',
    '"',
    '"\\',
    String.raw`"\"`,
    String.raw`"\x41"`,
    String.raw`"\u12"`,
    String.raw`"\u{41}"`,
    String.raw`"\'"`,
    '"\t"',
    '"\n"',
    '"\u0000"',
    "\u00a01",
    "1\u2028",
    "\v1",
    "// a\n1",
    "/**/1",
    "[1]garbage",
    "١",
  ])("rejects %j, which is not JSON", (text) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(canonicalForm(text)).toBeNull();
  });
});
