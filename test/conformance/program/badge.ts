// --badge: an SVG with the profile and the result, without any network.

import { countOf, type Run } from "../report.ts";
import { xmlText } from "./xml.ts";

const HEIGHT = 20;
const PADDING = 7;

/** Of 11-pixel sans-serif. `textLength` makes any font fit. */
const CHARACTER_WIDTH = 6.6;

/** White text has a contrast of 4.5 or more on each (WCAG AA). */
const COLOURS = { label: "#444444", passed: "#1f7a34", excepted: "#8a5a00", failed: "#b3261e" } as const;

export function badge({ profile, results }: Run): string {
  const [label, value] = [`idempotency: ${profile}`, valueOf(results)];
  const [left, right] = [widthOf(label), widthOf(value)];
  const title = xmlText(`${label}: ${value}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="${HEIGHT}" role="img" aria-label="${title}">
  <title>${title}</title>
  <rect width="${left}" height="${HEIGHT}" fill="${COLOURS.label}"/>
  <rect x="${left}" width="${right}" height="${HEIGHT}" fill="${colourOf(results)}"/>
  <g fill="#ffffff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11" text-anchor="middle">
    ${textAt(left / 2, left, label)}
    ${textAt(left + right / 2, right, value)}
  </g>
</svg>
`;
}

function valueOf(results: Run["results"]): string {
  const applicable = results.length - countOf(results, "not applicable");
  const excepted = countOf(results, "excepted");
  const passed = `${countOf(results, "pass")} of ${applicable}`;
  return excepted === 0 ? passed : `${passed}, ${excepted} excepted`;
}

function colourOf(results: Run["results"]): string {
  if (countOf(results, "fail") > 0) return COLOURS.failed;
  return countOf(results, "excepted") > 0 ? COLOURS.excepted : COLOURS.passed;
}

function widthOf(text: string): number {
  return Math.ceil(text.length * CHARACTER_WIDTH) + 2 * PADDING;
}

function textAt(x: number, width: number, text: string): string {
  return `<text x="${x}" y="14" textLength="${width - 2 * PADDING}">${xmlText(text)}</text>`;
}
