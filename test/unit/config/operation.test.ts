import { describe, expect, test } from "vitest";
import { readOperation, writeOperation } from "../../../src/config/operation.ts";

describe("an operation", () => {
  test.each([
    [["POST", "/v1/charges", []], "POST /v1/charges"],
    [["POST", "/mcp", ["tools/call", "tools/call:create_payment"]], "POST /mcp tools/call:create_payment"],
    [["POST", "/rpc", ["pay"]], "POST /rpc pay"],
    [["POST", "/mcp", ["tools/call", `tools/call:${"x".repeat(300)}`]], "POST /mcp tools/call"],
    [["POST", "/mcp", ["tools/call", "tools/call:two words"]], "POST /mcp tools/call"],
    [["POST", "/mcp", ["a\nb"]], "POST /mcp"],
  ] as const)("of %j is %s", ([method, path, names], written) => {
    expect(writeOperation(method, path, names)).toBe(written);
  });

  test.each([
    ["POST /v1/%63harges", { method: "POST", pathname: "/v1/%63harges", path: "/v1/charges", names: [] }],
    ["POST /rpc pay", { names: ["pay"] }],
    ["POST /mcp tools/call:create_payment", { names: ["tools/call", "tools/call:create_payment"] }],
  ])("is read: %s", (written, operation) => {
    expect(readOperation(written)).toMatchObject(operation);
  });
});
