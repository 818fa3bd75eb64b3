/** The picture of a run: Oncegate's throughput as a share of the bare mechanism's in the same round. */

import * as Plot from "@observablehq/plot";
import { barPicture } from "../support/picture.ts";
import { type BenchResult, type CaseResult, ratioOf } from "./report.ts";

const LEGEND =
  "Blue: median of the rounds. Black: their spread. Red: what was to be reached. Dashed: the bare mechanism.";

export function pictureOf({ cases, facts, settings }: BenchResult): string {
  const rows = cases.map((result) => ({
    ...ratioOf(result, "perSecond"),
    bar: result.bars.perSecond ?? null,
    name: nameOf(result),
  }));
  const ends = rows.flatMap(({ name, from, to }) => [
    { name, x: from },
    { name, x: to },
  ]);
  const measuredOf = [...new Set(cases.map(({ sides }) => sides.at(-1)?.worker))].join(", ");
  const title = `Throughput of ${measuredOf.replace("oncegate", "Oncegate")}, as a share of the bare mechanism's`;
  const how = `${facts.date.slice(0, 10)}, ${facts.machine}; ${settings.rounds} rounds of ${settings.seconds} s.`;
  return barPicture({
    names: rows.map(({ name }) => name),
    max: Math.max(1, ...rows.map(({ to }) => to)),
    marginRight: 24,
    marks: [
      Plot.barX(rows, { x: "median", y: "name", fill: "#4269d0", insetTop: 5, insetBottom: 5 }),
      Plot.ruleX([1], { stroke: "#1b1e23", strokeDasharray: "4 3" }),
      Plot.tickX(
        rows.filter(({ bar }) => bar !== null),
        { x: "bar", y: "name", stroke: "#e15759", strokeWidth: 3 },
      ),
      Plot.ruleY(rows, { x1: "from", x2: "to", y: "name", stroke: "#1b1e23", strokeWidth: 1.5 }),
      Plot.tickX(ends, { x: "x", y: "name", stroke: "#1b1e23", strokeWidth: 1.5, insetTop: 12, insetBottom: 12 }),
      // At the start of the bar, where no line crosses it.
      Plot.text(rows, {
        x: 0,
        y: "name",
        text: ({ median }: { median: number }) => median.toFixed(2),
        textAnchor: "start",
        dx: 8,
        fill: "white",
        fontWeight: "bold",
      }),
    ],
    title,
    notes: [LEGEND, how],
  });
}

function nameOf({ what, storage }: CaseResult): string {
  return `${what}, ${storage}`.replace("one request at a time", "one at a time");
}
