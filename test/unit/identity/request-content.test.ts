import { describe, expect, test } from "vitest";
import { RequestContent } from "../../../src/identity/request-content.ts";
import { jwsOf } from "./requests.ts";

function contentOf(contentType: string | null, body: string, coding: string | null = null): RequestContent {
  return new RequestContent({ contentType, bytes: new TextEncoder().encode(body), sha256: "d", coding });
}

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";
const CLAIMS = new Map([['"a"', "1e0"]]);
const JWS = jwsOf('{"a":1}');

describe("3.4.7 a body", () => {
  test("is read by the grammar of its type alone", () => {
    const json = contentOf(JSON_TYPE, '{"a":1}');
    expect([json.kind, json.json, json.jws, json.form, json.document]).toEqual(["json", CLAIMS, null, null, CLAIMS]);
    const form = contentOf(FORM_TYPE, "a=1");
    expect([form.kind, form.json, form.jws, form.document]).toEqual(["form", null, null, null]);
    expect(form.form).toEqual({ mediaType: FORM_TYPE, fields: [{ name: "a", head: "a", content: "1" }] });
    const text = contentOf("text/plain", '{"a":1}');
    expect([text.kind, text.json, text.jws, text.form, text.document]).toEqual(["other", null, null, null, null]);
  });

  test.each([null, "text/plain", "application/jwt", "application/json; charset=utf-16", "json"])(
    "is a JWS of any other type: %j",
    (contentType) => {
      const content = contentOf(contentType, JWS);
      expect([content.jws?.claims, content.document]).toEqual([CLAIMS, CLAIMS]);
      expect([content.json, content.form]).toEqual([null, null]);
    },
  );

  test.each([JSON_TYPE, FORM_TYPE])("is no JWS as %s", (contentType) => {
    const content = contentOf(contentType, JWS);
    expect([content.jws, content.json, content.document]).toEqual([null, null, null]);
  });

  test.each([
    [JSON_TYPE, '{"a":1}'],
    [FORM_TYPE, "a=1"],
    ["application/jwt", JWS],
  ])("is not read while it is coded: %s", (contentType, body) => {
    const content = contentOf(contentType, body, "zstd");
    expect([content.json, content.jws, content.form, content.document]).toEqual([null, null, null, null]);
    expect([content.coding, content.sha256]).toEqual(["zstd", "d"]);
  });

  test("is parsed once", () => {
    const [json, form, jws] = [contentOf(JSON_TYPE, '{"a":1}'), contentOf(FORM_TYPE, "a=1"), contentOf(null, JWS)];
    expect(json.json).toBe(json.json);
    expect(form.form).toBe(form.form);
    expect(jws.jws).toBe(jws.jws);
  });

  test("may be empty", () => {
    expect(contentOf(JSON_TYPE, "").isEmpty).toBe(true);
    expect(contentOf(JSON_TYPE, " ").isEmpty).toBe(false);
  });
});
