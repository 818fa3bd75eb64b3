import { describe, expect, test } from "vitest";

import { matchingPath } from "../../../src/http/matching-path.ts";

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
