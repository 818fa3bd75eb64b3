import { describe, expect, test } from "vitest";
import { STYLE } from "../../../src/console/style.ts";
import { BASE_STYLE, COLOURS, type Colour, type Theme } from "../../../src/http/page-style.ts";

const THEMES: readonly Theme[] = ["light", "dark"];

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(theme: Theme, a: Colour, b: Colour): number {
  const [low = 0, high = 0] = [luminance(COLOURS[theme][a]), luminance(COLOURS[theme][b])].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

const TEXT: readonly (readonly [Colour, Colour])[] = [
  ...(["ink", "soft", "accent"] as const).flatMap((text) => [[text, "back"] as const, [text, "card"] as const]),
  ["on-accent", "accent"],
];

/** Bars, marks and the edges of fields. */
const MARKS: readonly (readonly [Colour, Colour])[] = (
  ["executed", "replayed", "joined", "unknown", "refused", "soft", "accent"] as const
).flatMap((mark) => [[mark, "card"] as const, [mark, "back"] as const]);

test("the formula gives the ratios that WCAG names", () => {
  expect(luminance("#ffffff")).toBe(1);
  expect(luminance("#000000")).toBe(0);
  expect((luminance("#ffffff") + 0.05) / (luminance("#767676") + 0.05)).toBeCloseTo(4.54, 2);
});

describe.each(THEMES)("the colours of the %s theme", (theme) => {
  test.each(TEXT)("show text in %s on %s", (text, behind) => {
    expect(contrast(theme, text, behind)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(MARKS)("show a mark in %s on %s", (mark, behind) => {
    expect(contrast(theme, mark, behind)).toBeGreaterThanOrEqual(3);
  });
});

describe.each([
  ["all pages", BASE_STYLE],
  ["the console", STYLE],
])("the style of %s", (_, style) => {
  test("has no colour that the list does not have", () => {
    const declared = THEMES.flatMap((theme) => Object.values(COLOURS[theme]));
    const written = style.match(/#[0-9a-f]{3,8}\b/gi) ?? [];
    expect(new Set(written)).toEqual(new Set(declared));
    expect(style).not.toMatch(/rgba?\(|hsla?\(|color-mix|opacity: 0/);
    const values = [...style.matchAll(/(?:^|[^-])(?:color|background|fill): ([^;]+);/g)].map(([, value = ""]) => value);
    for (const value of values) expect(value).toMatch(/^(?:var\(--[a-z-]+\)|inherit|transparent)$/);
    expect(values.length).toBeGreaterThan(3);
  });

  test("gives text one of the colours that are tested", () => {
    const texts = [...style.matchAll(/[ {;]color: var\(--([a-z-]+)\)/g)].map(([, name]) => name);
    expect(["ink", "soft", "accent", "on-accent"]).toEqual(expect.arrayContaining([...new Set(texts)]));
  });

  test("has no character that HTML escapes, so that its digest is that of the page", () => {
    expect(style).not.toMatch(/[&<>"']/);
  });
});
