/** What the pictures share: their measures, and the frame that makes a drawing a file of its own. */

export const PICTURE = {
  width: 820,
  rowHeight: 40,
  /** Above the rows for the title, and below them for the axis and the legend. */
  head: 44,
  foot: 84,
  fontSize: 13,
} as const;

/** Of a letter at that size, in the widest of the usual fonts. */
export const LETTER_WIDTH = 7.2;

const LINE_HEIGHT = 18;

/** A separate SVG file needs the namespace, a light background for dark readers, and a title. */
export function standAlone(svg: string, title: string, notes: readonly string[]): string {
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
