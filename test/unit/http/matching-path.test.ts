import { describe, expect, test } from "vitest";
import { gainsParentSegment, matchingPath } from "../../../src/http/matching-path.ts";

describe("3.2.3 the path for matching policies", () => {
  test.each([
    ["a plain path", "/v1/charges", "/v1/charges"],
    ["the root", "/", "/"],
    ["an encoded letter", "/v1/%63harges", "/v1/charges"],
    ["an encoded letter in every segment", "/%761/%63harges", "/v1/charges"],
    ["letters beyond ASCII", "/caf%C3%A9", "/café"],
    ["an encoded space", "/a%20b", "/a b"],
    ["a plus sign, which is no space in a path", "/a+b", "/a+b"],
    ["what looks like a pattern", "/%3Aid/%2A", "/:id/*"],
    ["an encoded question mark", "/a%3Fb", "/a?b"],
    ["an encoded backslash", "/a%5Cb", "/a\\b"],
    ["empty segments", "//a//", "//a//"],
  ])("decodes %s", (_, path, decoded) => {
    expect(matchingPath(path)).toBe(decoded);
  });

  test.each([
    ["in capitals", "/v1%2Fcharges"],
    ["in small letters", "/v1%2fcharges"],
  ])("keeps an encoded slash %s inside its segment", (_, path) => {
    expect(matchingPath(path)).toBe("/v1%2Fcharges");
  });

  test("decodes once", () => {
    expect(matchingPath("/v1/%2563harges")).toBe("/v1/%63harges");
    expect(matchingPath("/%2525")).toBe("/%25");
  });

  test.each([
    ["an unfinished escape", "/%6/charges"],
    ["a percent sign", "/100%/charges"],
    ["digits that are not hex", "/%zz/charges"],
    ["bytes that are not UTF-8", "/%ff/charges"],
    ["an encoded surrogate", "/%ED%A0%80/charges"],
  ])("leaves a segment that can't be decoded as it is: %s", (_, path) => {
    expect(matchingPath(path)).toBe(path);
  });

  test("decodes the other segments", () => {
    expect(matchingPath("/%ff%63/%63harges")).toBe("/%ff%63/charges");
  });

  test("keeps the number of segments", () => {
    for (const path of ["/a%2Fb/c", "/%2f%2F", "/a%252Fb", "/%00/x", "/%ff%2f/x"]) {
      expect(matchingPath(path).split("/")).toHaveLength(path.split("/").length);
    }
  });
});

describe("3.2.6 a path gains a parent segment", () => {
  test.each([
    ["by an encoded slash", "/..%2fx"],
    ["by an encoded slash inside", "/a%2F..%2f..%2fx"],
    ["by encoded dots", "/%2e%2e%2fx"],
    ["by a backslash", "/..\\x"],
    ["by an encoded backslash", "/..%5cx"],
    ["before a parameter", "/..;/x"],
    ["of encoded dots before a parameter", "/%2e%2e;a=b/x"],
    ["before an encoded parameter", "/..%3bx/y"],
    ["before an encoded query", "/..%3fx"],
    ["before an encoded fragment", "/..%23x/y"],
    ["before NUL", "/..%00/x"],
    ["before NUL and more", "/..%00x/y"],
    ["with a NUL inside", "/.%00./x"],
    ["with a NUL before", "/%00../x"],
    ["by the escapes of old servers", "/%u002e%U002E/x"],
    ["by the escape of a slash on old servers", "/..%u2215x"],
    ["with a tab inside", "/.%09./x"],
    ["with a line end inside", "/.%0d%0a./x"],
    ["with a blank", "/..%20/x"],
    ["with a no-break space", "/..%c2%a0/x"],
    ["by decoding twice", "/..%252fx"],
    ["by decoding dots twice", "/%252e%252e/x"],
    ["by an escape whose parts are encoded", "/..%25%32%66x"],
    ["by an overlong slash", "/..%c0%afx"],
    ["by a longer one", "/..%e0%80%afx"],
    ["by the longest one", "/..%F0%80%80%AFx"],
    ["by overlong dots", "/%c0%ae%C0%AE/x"],
    ["by an overlong backslash", "/..%c1%9cx"],
    ["by a full-width slash", "/..%ef%bc%8fx"],
    ["by full-width dots", "/%ef%bc%8e%ef%bc%8e/x"],
    ["by a full-width backslash", "/..%ef%bc%bcx"],
    ["by a division slash", "/..%e2%88%95x"],
    ["beside bytes that are no UTF-8", "/..%2f%ff"],
  ])("%s", (_, path) => {
    expect(gainsParentSegment(path)).toBe(true);
  });

  test.each([
    "/",
    "/v1/charges",
    "/files/a..b",
    "/files/...",
    "/files/..a%2fb",
    "/files/a%2fb",
    "/files/100%",
    "/files/%zz",
    "/files/%u002",
    "/files/%00..a",
    "/a;v=1/b",
    "/..%ff/x",
    "/a%252fb",
    "/caf%C3%A9/%E6%97%A5%E6%9C%AC",
  ])("not in %s", (path) => {
    expect(gainsParentSegment(path)).toBe(false);
  });
});
