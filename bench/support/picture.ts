/** What the pictures share: bars, their measures, and the frame that makes a drawing a file of its own. */

import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";

const PICTURE = {
  width: 820,
  rowHeight: 40,
  /** Above the rows for the title, and below them for the axis and the legend. */
  head: 44,
  foot: 84,
  fontSize: 13,
} as const;

/** Of a letter at that size, in the widest of the usual fonts. */
const LETTER_WIDTH = 7.2;

const LINE_HEIGHT = 18;

interface Bars {
  /** Of the rows, each of which is one bar, from the top. */
  readonly names: readonly string[];
  /** Where the axis ends. */
  readonly max: number;
  readonly ticks?: number;
  /** Beside the bars, for what is written behind the longest one. */
  readonly marginRight: number;
  readonly marks: readonly Plot.Markish[];
  readonly title: string;
  readonly notes: readonly string[];
}

/** Horizontal bars with their names, as an SVG file. */
export function barPicture({ names, max, ticks, marginRight, marks, title, notes }: Bars): string {
  const { document } = parseHTML("<html></html>");
  const { width, rowHeight, head, foot, fontSize } = PICTURE;
  const plot = Plot.plot({
    document,
    width,
    height: names.length * rowHeight + head + foot,
    marginTop: head,
    marginLeft: 20 + LETTER_WIDTH * Math.max(...names.map((name) => name.length)),
    marginRight,
    marginBottom: foot,
    style: { fontSize: `${fontSize}px` },
    x: { label: null, domain: [0, max], grid: true, ...(ticks !== undefined && { ticks }) },
    y: { label: null, domain: names, tickSize: 0 },
    marks: [...marks],
  });
  return standAlone(plot.outerHTML, title, notes);
}

/** A separate SVG file needs the namespace, a light background for dark readers, and a title. */
function standAlone(svg: string, title: string, notes: readonly string[]): string {
  const height = Number(/height="(\d+)"/.exec(svg)?.[1]);
  const ground = `<title>${escaped(title)}</title><rect width="100%" height="100%" fill="white"/>`;
  const lines = [
    lineOf(title, 24, `font-weight="bold" fill="#1b1e23"`),
    ...notes.map((note, at) => lineOf(note, height - 12 - (notes.length - 1 - at) * LINE_HEIGHT, `fill="#555"`)),
  ];
  const named = svg.includes("xmlns=") ? svg : svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"');
  const coloured = named.replace('fill="currentColor"', 'fill="#1b1e23" color="#1b1e23"');
  return coloured.replace(/(<svg[^>]*>)/, `$1${ground}`).replace(/<\/svg>\s*$/, `${lines.join("")}</svg>\n`);
}

function lineOf(text: string, y: number, style: string): string {
  return `<text x="12" y="${y}" font-size="${PICTURE.fontSize}" text-anchor="start" ${style}>${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
