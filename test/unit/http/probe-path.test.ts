import { describe, expect, test } from "vitest";
import { isProbeTemplate, probePath } from "../../../src/http/probe-path.ts";

describe("5.7 the path of a probe", () => {
  test.each([
    ["/v1/idempotency/{key}", "order-1", "/v1/idempotency/order-1"],
    ["/v1/idempotency/{key}", "a/b?c#d%2F", "/v1/idempotency/a%2Fb%3Fc%23d%252F"],
    ["/v1/idempotency/{key}/outcome", "a b", "/v1/idempotency/a%20b/outcome"],
    ["/v1/idempotency?key={key}", "it's+&=(~)*!", "/v1/idempotency?key=it%27s%2B%26%3D%28%7e%29%2a%21"],
    ["/v1/idempotency/{key}", "$&$1$$", "/v1/idempotency/%24%26%241%24%24"],
    ["/v1/idempotency/{key}.json", "..", "/v1/idempotency/...json"],
  ])("%s of %s is %s", (template, key, path) => {
    expect(probePath(template, key)).toBe(path);
  });

  test.each([".", ".."])("is null for the key %s, which would change the path", (key) => {
    expect(probePath("/v1/idempotency/{key}", key)).toBeNull();
    expect(probePath("/v1/{key}/idempotency", key)).toBeNull();
  });

  test.each([
    ["/v1/idempotency/{key}", true],
    ["/?key={key}", true],
    ["v1/{key}", false],
    ["https://origin.test/{key}", false],
    ["//origin.test/{key}", false],
    ["/v1/idempotency", false],
    ["/{key}/{key}", false],
    ["/v1/../{key}", false],
    ["/v1/{key}#part", false],
    ["/v1/ /{key}", false],
  ])("accepts the template %s: %s", (template, expected) => {
    expect(isProbeTemplate(template)).toBe(expected);
  });
});
