import { describe, expect, test } from "vitest";
import { type BodyKind, bodyKindOf, essenceOf, parseMediaType } from "../../../src/identity/media-type.ts";

describe("3.8.1 media type", () => {
  test.each([
    ["in lower case", "TEXT/Plain", "text/plain"],
    ["without optional white space", "text/plain ;  a=b\t; c=d", "text/plain;a=b;c=d"],
    ["with parameter names in lower case", "text/plain; Format=Flowed", "text/plain;format=Flowed"],
    ["with parameter values as they are", 'multipart/form-data; boundary="X y"', 'multipart/form-data;boundary="X y"'],
    ["without empty parameters", "text/plain;;  ; a=b;", "text/plain;a=b"],
    ["with a charset that is not JSON's", "text/plain; charset=utf-8", "text/plain;charset=utf-8"],
    ["without charset=utf-8 of a JWS", 'Application/JWT; Charset="UTF-8"; a=b', "application/jwt;a=b"],
    ["with another charset of a JWS", "application/jose; charset=utf-16", "application/jose;charset=utf-16"],
    [
      "without charset=utf-8 of a type that ends in +jwt",
      "application/secevent+jwt;charset=utf-8",
      "application/secevent+jwt",
    ],
    ["with parameters in their order", "text/plain; b=1; a=2", "text/plain;b=1;a=2"],
    ["with a quoted semicolon", 'text/plain; a="b; c=d"', 'text/plain;a="b; c=d"'],
    ["with an escaped quote", String.raw`text/plain; a="b\"; c"`, String.raw`text/plain;a="b\"; c"`],
    ["with every character of a token", "a!#$%/&'*+.^_`|~-9", "a!#$%/&'*+.^_`|~-9"],
  ])("is normalized: %s", (_, contentType, canonical) => {
    expect(parseMediaType(contentType)).toEqual({ canonical, isJson: false });
  });

  test("is absent without a Content-Type", () => {
    expect(parseMediaType(null)).toEqual({ canonical: null, isJson: false });
  });

  test.each([
    ["an empty one", ""],
    ["one without a subtype", "text"],
    ["one with an empty subtype", "text/"],
    ["one with two slashes", "text/plain/x"],
    ["one with a space in it", "text /plain"],
    ["a list, made of two header lines", "application/json, application/json"],
    ["a parameter without a value", "application/json; charset"],
    ["a parameter with an empty value", "application/json; charset="],
    ["a parameter with spaces around its equals sign", "application/json; charset = utf-8"],
    ["a quoted value that does not end", 'application/json; charset="utf-8'],
    ["something after a quoted value", 'application/json; charset="utf-8"x'],
    ["garbage after the type", "application/json charset=utf-8"],
    ["a letter beyond ASCII", "application/jsön"],
  ])("stays as it is and is not JSON if it can't be parsed: %s", (_, contentType) => {
    expect(parseMediaType(contentType)).toEqual({ canonical: contentType, isJson: false });
  });
});

describe("3.8.2 JSON types", () => {
  test.each([
    ["application/json", "application/json"],
    ["application/json; charset=utf-8", "application/json"],
    ["application/json;CHARSET=UTF-8", "application/json"],
    ['application/json; charset="utf-8"', "application/json"],
    ["application/json; charset=utf-8; charset=utf-8", "application/json"],
    ["application/merge-patch+json", "application/merge-patch+json"],
    ["Application/Vnd.Api+JSON; charset=utf-8", "application/vnd.api+json"],
    ["application/json; v=2; charset=utf-8", "application/json;v=2"],
    ["application/json; x-charset=utf-8", "application/json;x-charset=utf-8"],
    ["image/svg+json", "image/svg+json"],
  ])("%s is JSON, with the canonical form %s", (contentType, canonical) => {
    expect(parseMediaType(contentType)).toEqual({ canonical, isJson: true });
  });

  test.each([
    "application/jsonlines",
    "application/x-json",
    "application/json-patch",
    "text/json",
    "application/vnd.api+json+xml",
    "application/xml; type=application/json",
    "application/json; charset=iso-8859-1",
    "application/json; charset=utf-8x",
    "application/json; charset*=us-ascii''utf-7",
    "application/json; charset*0=utf-7",
    "application/json; CHARSET*=utf-8",
    "application/json; charset=utf-8; charset=utf-7",
    "text/plain; a=b+json",
  ])("%s is not JSON", (contentType) => {
    expect(parseMediaType(contentType).isJson).toBe(false);
  });
});

describe("3.4.7 what a body may be parsed as", () => {
  test.each<[string | null, BodyKind]>([
    ["application/json", "json"],
    ["Application/VND.a+JSON; charset=UTF-8", "json"],
    ["application/vnd.a+json; charset=utf-16", "foreign json"],
    ["application/json; charset", "unreadable"],
    ["application/json, application/json", "unreadable"],
    ["", "unreadable"],
    ["application/jwt", "jws"],
    ["application/jose; a=b", "jws"],
    ["application/secevent+jwt", "jws"],
    ["application/x-www-form-urlencoded; charset=utf-16", "form"],
    ["multipart/form-data; boundary=a", "form"],
    ["multipart/mixed", "other"],
    ["text/plain", "other"],
    [null, "other"],
  ])("%j: %s", (contentType, kind) => {
    expect(bodyKindOf(contentType)).toBe(kind);
  });
});

test.each<[string | null, string]>([
  [null, ""],
  ["", ""],
  ["text/plain", "text/plain"],
  [" Text/Event-Stream\t; charset=utf-8; a=b", "text/event-stream"],
  [";a=b", ""],
  ["text/html, text/plain", "text/html, text/plain"],
])("the type without its parameters, of %j: %j", (contentType, essence) => {
  expect(essenceOf(contentType)).toBe(essence);
});

describe("cost", () => {
  test.each([
    ["semicolons", `a/b${";".repeat(1_000_000)}`],
    ["white space", `a/b${" ".repeat(1_000_000)}x`],
    ["white space between semicolons", `a/b${" ;".repeat(500_000)}=`],
    ["escapes", `a/b;c="${"\\".repeat(1_000_001)}`],
    ["a long parameter", `a/b;${"c".repeat(1_000_000)}`],
    ["a long type", "a".repeat(1_000_000)],
  ])("parses a million %s in linear time", (_, contentType) => {
    const start = performance.now();
    parseMediaType(contentType);
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});
