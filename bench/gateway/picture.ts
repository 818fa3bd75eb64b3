/** The picture of a run: what Oncegate serves, as a share of what the bare mechanism serves in the same round. */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type BenchResult, type CaseResult, ratioOf } from "./report.ts";

const WIDTH = 760;
const ROW_HEIGHT = 46;
/** Of a letter at the size of the labels, on average. */
const LETTER_WIDTH = 5.6;

export function pictureOf({ cases, facts }: BenchResult): string {
  const { document } = parseHTML("<html></html>");
  const rows = cases.map((result) => ({ ...ratioOf(result, "perSecond"), bar: result.bar, name: nameOf(result) }));
  const widest = Math.max(1, ...rows.map(({ to }) => to));
  const plot = Plot.plot({
    document,
    width: WIDTH,
    height: rows.length * ROW_HEIGHT + 100,
    marginLeft: 20 + LETTER_WIDTH * Math.max(...rows.map(({ name }) => name.length)),
    marginRight: 60,
    marginBottom: 60,
    x: {
      label: "Throughput of Oncegate ÷ throughput of the least that does the same",
      domain: [0, widest],
      grid: true,
    },
    y: { label: null, domain: rows.map(({ name }) => name) },
    marks: [
      Plot.barX(rows, { x: "median", y: "name", fill: "#4269d0", insetTop: 6, insetBottom: 6 }),
      Plot.ruleY(rows, { x1: "from", x2: "to", y: "name", stroke: "#1b1e23", strokeWidth: 1.5 }),
      Plot.tickX(
        rows.filter(({ bar }) => bar !== null),
        { x: "bar", y: "name", stroke: "#e15759", strokeWidth: 2.5 },
      ),
      Plot.text(rows, {
        x: "to",
        y: "name",
        text: ({ median }: { median: number }) => median.toFixed(2),
        textAnchor: "start",
        dx: 6,
      }),
      Plot.ruleX([1], { stroke: "#1b1e23", strokeDasharray: "4 3" }),
    ],
  });
  return standAlone(
    plot.outerHTML,
    `${facts.date.slice(0, 10)}, ${facts.machine}. Bar: median of the rounds; line: their spread; red: the bar that was set.`,
  );
}

function nameOf({ what, storage }: CaseResult): string {
  return `${what}, ${storage}`.replace("one request at a time", "one at a time");
}

/** A file of its own needs its namespace, a ground that is not the reader's dark one, and what it shows. */
function standAlone(svg: string, caption: string): string {
  const height = Number(/height="(\d+)"/.exec(svg)?.[1]);
  const inner = `<rect width="100%" height="100%" fill="white"/>`;
  const text = `<text x="8" y="${height - 8}" font-size="10" text-anchor="start" fill="#555">${escaped(caption)}</text>`;
  const named = svg.includes("xmlns=") ? svg : svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  return named.replace(/(<svg[^>]*>)/, `$1${inner}`).replace(/<\/svg>\s*$/, `${text}</svg>\n`);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
