/** Requests by time, as a chart and as a table. The gateway draws the SVG, since no script runs in the page. */

import { type CountKind, HOUR_MS } from "../journal/tallies.ts";
import { type Sums, type Summed, emptySums } from "../operator/sums.ts";
import { dayOf, minuteOf, timeOf } from "./times.tsx";

interface Series {
  readonly kind: CountKind;
  readonly label: string;
  /** The class that has the colour. */
  readonly mark: string;
}

/** In the order of the stack, from the bottom up. */
const SERVED: readonly Series[] = (["executed", "replayed", "joined", "unknown", "refused"] as const).map((kind) => ({
  kind,
  label: kind,
  mark: kind,
}));

/** What was only observed, in the colours of what enforcing would have made of it. */
const OBSERVED: readonly Series[] = [
  { kind: "would_execute", label: "would execute", mark: "executed" },
  { kind: "would_replay", label: "would replay", mark: "replayed" },
  { kind: "would_join", label: "would join", mark: "joined" },
  { kind: "would_probe", label: "would ask the origin", mark: "unknown" },
  { kind: "would_refuse", label: "would refuse", mark: "refused" },
];

/** In units of the SVG, which stretches to the page's width. */
const HEIGHT = 100;
const SLOT = 10;
const BAR = 7;

/** A bar for each hour of a day. Of a week, one for six hours: 28 bars can still be distinguished on a phone. */
const BARS_MAX = 28;

/** The style has four columns of labels. */
const LABELS = 4;

interface Props {
  readonly counts: Summed;
  /** Such as `the last 24 h`. */
  readonly when: string;
}

export function Charts({ counts, when }: Props) {
  const observed = observedIn(counts.total);
  const served = sumOf(SERVED, counts.total);
  return (
    <>
      {observed > 0 && served === 0 ? null : <Chart counts={counts} series={SERVED} title={`Requests, ${when}`} />}
      {observed === 0 ? null : (
        <Chart counts={counts} series={OBSERVED} title={`Observed only, ${when}`}>
          <p>
            {observed} requests were observed only. Enforce mode would have prevented{" "}
            {counts.total.would_replay + counts.total.would_join} duplicates and refused {counts.total.would_refuse}{" "}
            requests.
          </p>
        </Chart>
      )}
    </>
  );
}

/** How many requests were only observed. */
export function observedIn(counted: Sums): number {
  return sumOf(OBSERVED, counted);
}

interface ChartProps {
  readonly counts: Summed;
  readonly series: readonly Series[];
  readonly title: string;
  readonly children?: unknown;
}

type Slot = readonly [hour: number, counted: Sums];

function Chart({ counts: { byHour, total }, series, title, children }: ChartProps) {
  const slots = grouped([...byHour]);
  return (
    <section>
      <h2>{title}</h2>
      {children}
      <ul class="legend">
        {series.map(({ kind, label, mark }) => (
          <li>
            <span class={mark} aria-hidden="true"></span>
            {label} {total[kind]}
          </li>
        ))}
      </ul>
      {slots.length === 1 ? null : <Drawing slots={slots} series={series} total={total} />}
      <Table slots={slots} series={series} total={total} />
    </section>
  );
}

interface SlotsProps {
  readonly slots: readonly Slot[];
  readonly series: readonly Series[];
  readonly total: Sums;
}

function Drawing({ slots, series, total }: SlotsProps) {
  const max = Math.max(1, ...slots.map(([, counted]) => sumOf(series, counted)));
  const totals = series.map(({ kind, label }) => `${total[kind]} ${label}`).join(", ");
  return (
    <div class="chart">
      <div class="scale" aria-hidden="true">
        <span>{max}</span>
        <span>0</span>
      </div>
      <svg
        role="img"
        aria-label={`Requests by time. Total: ${totals}. The table below lists the numbers.`}
        viewBox={`0 0 ${slots.length * SLOT} ${HEIGHT}`}
        preserveAspectRatio="none"
      >
        {slots.map((slot, index) => (
          <Bar at={index * SLOT + (SLOT - BAR) / 2} slot={slot} series={series} max={max} />
        ))}
      </svg>
      <div class="hours" aria-hidden="true">
        {slots
          .filter((_, index) => index % (slots.length / LABELS) === 0)
          .map(([hour]) => (
            <span>{`${slots.length > 24 ? `${dayOf(hour * HOUR_MS)} ` : ""}${timeOf(hour * HOUR_MS)}`}</span>
          ))}
      </div>
    </div>
  );
}

function Bar({ at, slot, series, max }: { at: number; slot: Slot; series: readonly Series[]; max: number }) {
  const [hour, counted] = slot;
  let below = 0;
  const parts = series
    .filter(({ kind }) => counted[kind] > 0)
    .map(({ kind, mark }) => {
      below += counted[kind];
      const y = HEIGHT - (below / max) * HEIGHT;
      return { mark, y: rounded(y), height: rounded((counted[kind] / max) * HEIGHT) };
    });
  const numbers = series.map(({ kind, label }) => `${counted[kind]} ${label}`).join(", ");
  return (
    <g>
      <title>{`${minuteOf(hour * HOUR_MS)}: ${numbers}`}</title>
      {parts.map(({ mark, y, height }) => (
        <rect class={mark} x={at} y={y} width={BAR} height={height} />
      ))}
    </g>
  );
}

function Table({ slots, series, total }: SlotsProps) {
  return (
    <details>
      <summary>Numbers as a table</summary>
      <div class="scroll" tabindex={0} role="group" aria-label="Requests by time">
        <table>
          <thead>
            <tr>
              <th scope="col">from</th>
              {series.map(({ label }) => (
                <th scope="col">{label}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {slots.map(([hour, counted]) => (
              <Row label={minuteOf(hour * HOUR_MS)} series={series} counted={counted} />
            ))}
          </tbody>
          <tfoot>
            <Row label="total" series={series} counted={total} />
          </tfoot>
        </table>
      </div>
    </details>
  );
}

function Row({ label, series, counted }: { label: string; series: readonly Series[]; counted: Sums }) {
  return (
    <tr>
      <th scope="row">{label}</th>
      {series.map(({ kind }) => (
        <td>{counted[kind]}</td>
      ))}
    </tr>
  );
}

/** Adjacent hours as one slot, under the first of them, where there are more than bars. */
function grouped(hours: readonly Slot[]): readonly Slot[] {
  const size = Math.ceil(hours.length / BARS_MAX);
  const starts = hours.filter((_, index) => index % size === 0);
  return starts.map(([hour], at) => [hour, added(hours.slice(at * size, (at + 1) * size))]);
}

function added(hours: readonly Slot[]): Sums {
  const sum = emptySums();
  for (const [, counted] of hours) for (const { kind } of [...SERVED, ...OBSERVED]) sum[kind] += counted[kind];
  return sum;
}

function sumOf(series: readonly Series[], counted: Sums): number {
  return series.reduce((sum, { kind }) => sum + counted[kind], 0);
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}
