import { describe, expect, test } from "vitest";
import { isHostOf, isTooLong } from "../../../src/http/host.ts";

/** What the open-source runtime makes of a `Host` and a target. */
function isSound(host: string, target = "/x"): boolean {
  const url = URL.parse(`http://${host}${target}`);
  return url !== null && isHostOf(url, host);
}

describe("3.1.9 a Host", () => {
  test.each([
    "api.test",
    "API.test",
    "api.test.",
    "api.test:8080",
    "api.test:80",
    "api.test:",
    "my_api.test",
    "xn--bcher-kva.test",
    "192.0.2.1",
    "192.0.2.1:8080",
    "[2001:db8::1]",
    "[2001:DB8::1]:8080",
    "localhost",
  ])("is valid: %j", (host) => {
    expect(isSound(host)).toBe(true);
  });

  test.each([
    "api.test/evil?",
    "api.test#",
    "api.test?",
    "api.test\\evil",
    "a:b@api.test",
    "@api.test",
    "api.test:80/evil",
    "api%2etest",
    "api.test\u3002",
    "b\u00FCcher.test",
    "api.test,evil.test",
    "api.test, evil.test",
    "api.test:8080x",
    "[::1",
    "",
  ])("is refused: %j", (host) => {
    expect(isSound(host)).toBe(false);
  });

  test.each([".evil/x", "evil/x", "@evil.test/x", "http://api.test/x"])(
    "is not extended by the target %j",
    (target) => {
      expect(isSound("api.test", target)).toBe(false);
    },
  );

  test("may be missing, or another one, where a Worker made the request", () => {
    const url = new URL("https://api.test/x");
    expect([isHostOf(url, null), isHostOf(url, "other.test")]).toEqual([true, true]);
  });
});

test("3.1.9 no hostname has more than 253 characters", () => {
  expect([isTooLong("a".repeat(253)), isTooLong("a".repeat(254))]).toEqual([false, true]);
});
