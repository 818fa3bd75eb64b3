// Renders the two tallies side by side, as text for a terminal or a log.

import { type Tally } from "./tally.ts";

type Row = { readonly label: string; readonly cell: (tally: Tally) => string } | null;

/** Null is a line between two groups. The indented rows add up to the requests. */
const ROWS: readonly Row[] = [
  { label: "requests sent", cell: (t) => String(t.requests) },
  { label: "  answered: executed", cell: (t) => String(t.executed) },
  { label: "  answered: joined a running one", cell: (t) => String(t.joined) },
  { label: "  answered: replayed", cell: (t) => String(t.replayed) },
  { label: "  refused: key of another request", cell: (t) => String(t.refused) },
  { label: "  answer lost on the way", cell: (t) => String(t.lost) },
  { label: "  client hung up", cell: (t) => String(t.hungUp) },
  { label: "  anything else", cell: (t) => String(t.other) },
  null,
  { label: "charges made", cell: (t) => String(t.charges) },
  { label: "double charges", cell: (t) => String(t.doubleCharges) },
  { label: "charged too much, EUR", cell: (t) => (t.overchargedCents / 100).toFixed(2) },
  { label: "payments with contradicting answers", cell: (t) => String(t.atOdds) },
];

const LABEL_WIDTH = 38;
const CELL_WIDTH = 16;

export function renderTable(withGateway: Tally, without: Tally): string {
  const line = "-".repeat(LABEL_WIDTH + 2 * CELL_WIDTH);
  const cells = (label: string, one: string, other: string) =>
    label.padEnd(LABEL_WIDTH) + one.padStart(CELL_WIDTH) + other.padStart(CELL_WIDTH);
  const rows = ROWS.map((row) => (row === null ? line : cells(row.label, row.cell(withGateway), row.cell(without))));
  return [cells("", "with Oncegate", "without"), line, ...rows].join("\n");
}
