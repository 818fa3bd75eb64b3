import { describe, expect, test } from "vitest";
import { type AcceptedRange, preferredType } from "../../../src/http/negotiation.ts";

const OFFERS = ["application/json", "text/html"];

function ranges(...written: [string, number][]): AcceptedRange[] {
  return written.map(([type, q]) => ({ type, q }));
}

describe("the preferred type", () => {
  test.each<[string, AcceptedRange[], string]>([
    ["the first without Accept", [], "application/json"],
    ["the first where nothing fits", ranges(["image/png", 1]), "application/json"],
    ["the first of equals", ranges(["text/html", 1], ["application/json", 1]), "application/json"],
    ["the heavier one", ranges(["application/json", 0.8], ["text/html", 0.9]), "text/html"],
    ["by the exact type before its range", ranges(["text/*", 1], ["text/html", 0.1], ["*/*", 0.5]), "application/json"],
    ["by the range before the wildcard", ranges(["*/*", 1], ["application/*", 0.2]), "text/html"],
    ["whatever the order of ranges", ranges(["*/*", 0.8], ["text/html", 1]), "text/html"],
    ["not one that is refused", ranges(["application/json", 0], ["*/*", 0.1]), "text/html"],
    ["in any letter case", ranges(["Text/HTML", 1]), "text/html"],
  ])("is %s", (_, accepted, expected) => {
    expect(preferredType(accepted, OFFERS)).toBe(expected);
  });

  test("is found among more ranges than a function takes arguments", () => {
    const many = Array.from({ length: 200_000 }, () => ({ type: "text/html", q: 0.5 }));
    expect(preferredType(many, OFFERS)).toBe("text/html");
  });
});
