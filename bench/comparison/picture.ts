/** The picture of the peers: new keys per second of each line, and how much goes wrong with it. */

import * as Plot from "@observablehq/plot";
import { barPicture } from "../support/picture.ts";
import { type Line } from "./lines.ts";
import { type PeersResult, medianOf } from "./report.ts";

const TITLE = "New keys per second, and how many of the named faults each has";
const LEGEND = "Blue: none of the faults. Grey: the number at the end of the bar is how many it has.";

export function pictureOf(lines: readonly Line[], { lines: results, facts, settings }: PeersResult): string {
  const rows = lines.map(({ name, peer, store }) => {
    const { fresh = [], faults = [] } = results[name] ?? {};
    const perSecond = medianOf(fresh, "perSecond");
    const label = `${perSecond.toFixed(0)}, ${faults.length === 0 ? "no fault" : `${faults.length} faults`}`;
    return { name: `${peer.what}; ${store}`, perSecond, label, fill: faults.length === 0 ? "#4269d0" : "#a0a4ab" };
  });
  const how = `${facts.date.slice(0, 10)}, ${facts.machine}; ${settings.rounds} rounds of ${settings.seconds} s.`;
  return barPicture({
    names: rows.map(({ name }) => name),
    max: Math.max(...rows.map(({ perSecond }) => perSecond)),
    ticks: 4,
    marginRight: 110,
    marks: [
      Plot.barX(rows, { x: "perSecond", y: "name", fill: "fill", insetTop: 8, insetBottom: 8 }),
      Plot.text(rows, { x: "perSecond", y: "name", text: "label", textAnchor: "start", dx: 6, fill: "#1b1e23" }),
    ],
    title: TITLE,
    notes: [LEGEND, how],
  });
}
