import { describe, expect, test } from "vitest";
import { descriptionIn } from "../../../src/console/form.ts";

describe("O8 the headers field of the search form", () => {
  test("joins two lines of one name into one value, as HTTP does", () => {
    const headers = "X-Account: 1\r\nx-account: 2\nAuthorization: Bearer a:b";
    const form = new URLSearchParams({ operation: "POST /v1/charges", key: "k", headers });
    expect(descriptionIn(form)).toEqual({
      operation: "POST /v1/charges",
      key: "k",
      headers: { "x-account": "1, 2", authorization: "Bearer a:b" },
    });
  });
});
