import { describe, expect, test } from "vitest";
import {
  outermost,
  parseJsonPointer,
  placesAt,
  valueAt,
  writeJsonPointer,
} from "../../../src/identity/json-pointer.ts";
import { canonicalJson, parseJson } from "../../../src/identity/json.ts";

// RFC 6901, 5
const DOCUMENT = String.raw`{
  "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8
}`;

/** The canonical form of the value at a pointer; undefined if there is none. */
function found(pointer: string, text = DOCUMENT): string | undefined {
  const document = parseJson(text);
  const tokens = parseJsonPointer(pointer);
  if (document === null || tokens === null) throw new Error("not JSON, or no pointer");
  const node = valueAt(document, tokens);
  return node === undefined ? undefined : canonicalJson(node);
}

describe("a JSON Pointer", () => {
  test.each([
    ["/foo", '["bar","baz"]'],
    ["/foo/0", '"bar"'],
    ["/", "0"],
    ["/a~1b", "1e0"],
    ["/c%d", "2e0"],
    ["/e^f", "3e0"],
    ["/g|h", "4e0"],
    [String.raw`/i\j`, "5e0"],
    ['/k"l', "6e0"],
    ["/ ", "7e0"],
    ["/m~0n", "8e0"],
  ])("%s selects the value that RFC 6901 defines", (pointer, value) => {
    expect(found(pointer)).toBe(value);
  });

  test.each(["/bar", "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/-1", "/foo/length", "/foo/0/x", "//x"])(
    "%s selects no value",
    (pointer) => {
      expect(found(pointer)).toBeUndefined();
    },
  );

  test("selects a member whose name is escaped in the text", () => {
    expect(found("/key", String.raw`{"\u006bey":"v"}`)).toBe('"v"');
  });

  test("selects no property of JavaScript objects", () => {
    expect(found("/constructor", "{}")).toBeUndefined();
    expect(found("/__proto__", "{}")).toBeUndefined();
  });

  test.each(["foo", "/a~2b", "/a~", "#/foo"])("can't be %s", (text) => {
    expect(parseJsonPointer(text)).toBeNull();
  });

  test.each(["", "/foo/0", "/a~1b/m~0n", "/~01"])("is written as it was parsed: %j", (text) => {
    const pointer = parseJsonPointer(text);
    expect(pointer === null ? null : writeJsonPointer(pointer)).toBe(text);
  });

  test("unescapes ~01 to ~1, not to a slash", () => {
    expect(parseJsonPointer("/~01")).toEqual(["~1"]);
  });
});

describe("several JSON Pointers", () => {
  test.each<[string[], string[]]>([
    [
      ["/a", "/b"],
      ["/a", "/b"],
    ],
    [["/a/b", "/a"], ["/a"]],
    [["/a", "/a/b", "/a/b/c"], ["/a"]],
    [["/a", "/a"], ["/a"]],
    [
      ["/a", "/b", "/a"],
      ["/a", "/b"],
    ],
    [
      ["/a/b", "/ab"],
      ["/a/b", "/ab"],
    ],
    [["", "/a"], [""]],
    [[], []],
  ])("of %j, %j are within no other", (pointers, expected) => {
    const parsed = pointers.map((pointer) => parseJsonPointer(pointer) ?? []);
    expect(outermost(parsed).map(writeJsonPointer)).toEqual(expected);
  });

  test("have their places in the values that hold them", () => {
    const document = parseJson('{"a":{"b":1,"c":2},"list":[1,2],"text":"x"}') ?? "";
    const pointers = ["/a/b", "/a/c", "/list/1", "/missing/b", "/text/0", ""].map(
      (text) => parseJsonPointer(text) ?? [],
    );
    const places = placesAt(document, pointers);
    expect([...places].map(([holder, names]) => [canonicalJson(holder), [...names]])).toEqual([
      ['{"b":1e0,"c":2e0}', ['"b"', '"c"']],
      ["[1e0,2e0]", ["1"]],
    ]);
  });

  test("select elements with several digits", () => {
    expect(found("/12", JSON.stringify(Array.from({ length: 13 }, (_, index) => index)))).toBe("12e0");
  });
});
