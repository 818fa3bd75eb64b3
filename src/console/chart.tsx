/** Requests by hour, as a chart and as a table. The gateway draws the SVG, since no script runs in the page. */

import { HOUR_MS } from "../journal/tallies.ts";
import { type Sums, type Summed } from "../operator/sums.ts";
import { momentOf, timeOf } from "./times.ts";

/** In the order of the stack, from the bottom up. */
const SERIES = ["executed", "replayed", "joined", "unknown", "refused"] as const;

/** In units of the SVG, which stretches to the page's width. */
const HEIGHT = 100;
const SLOT = 10;
const BAR = 7;

export function Chart({ byHour, total }: Summed) {
  const hours = [...byHour];
  const max = Math.max(1, ...hours.map(([, counted]) => sumOf(counted)));
  const totals = SERIES.map((kind) => `${total[kind]} ${kind}`).join(", ");
  return (
    <section>
      <h2>The last {hours.length} hours</h2>
      <ul class="legend">
        {SERIES.map((kind) => (
          <li>
            <span class={kind} aria-hidden="true"></span>
            {kind} {total[kind]}
          </li>
        ))}
      </ul>
      <div class="chart">
        <div class="scale" aria-hidden="true">
          <span>{max}</span>
          <span>0</span>
        </div>
        <svg
          role="img"
          aria-label={`Requests by hour. Total: ${totals}. The table below lists the numbers.`}
          viewBox={`0 0 ${hours.length * SLOT} ${HEIGHT}`}
          preserveAspectRatio="none"
        >
          {hours.map(([hour, counted], index) => (
            <Bar at={index * SLOT + (SLOT - BAR) / 2} hour={hour} counted={counted} max={max} />
          ))}
        </svg>
        <div class="hours" aria-hidden="true">
          {hours
            // The style has four columns.
            .filter((_, index) => index % (hours.length / 4) === 0)
            .map(([hour]) => (
              <span>{timeOf(hour * HOUR_MS)}</span>
            ))}
        </div>
      </div>
      <Table hours={hours} total={total} />
    </section>
  );
}

function Bar({ at, hour, counted, max }: { at: number; hour: number; counted: Sums; max: number }) {
  let below = 0;
  const parts = SERIES.filter((kind) => counted[kind] > 0).map((kind) => {
    below += counted[kind];
    const y = HEIGHT - (below / max) * HEIGHT;
    return { kind, y: rounded(y), height: rounded((counted[kind] / max) * HEIGHT) };
  });
  const numbers = SERIES.map((kind) => `${counted[kind]} ${kind}`).join(", ");
  return (
    <g>
      <title>{`${timeOf(hour * HOUR_MS)}: ${numbers}`}</title>
      {parts.map(({ kind, y, height }) => (
        <rect class={kind} x={at} y={y} width={BAR} height={height} />
      ))}
    </g>
  );
}

function Table({ hours, total }: { hours: readonly (readonly [number, Sums])[]; total: Sums }) {
  const kinds = [...SERIES, "released"] as const;
  return (
    <details>
      <summary>Numbers as a table</summary>
      <div class="scroll" tabindex={0} role="group" aria-label="Requests by hour">
        <table>
          <thead>
            <tr>
              <th scope="col">hour</th>
              {kinds.map((kind) => (
                <th scope="col">{kind}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {hours.map(([hour, counted]) => (
              <tr>
                <th scope="row">{momentOf(hour * HOUR_MS)}</th>
                {kinds.map((kind) => (
                  <td>{counted[kind]}</td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">total</th>
              {kinds.map((kind) => (
                <td>{total[kind]}</td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
    </details>
  );
}

function sumOf(counted: Sums): number {
  return SERIES.reduce((sum, kind) => sum + counted[kind], 0);
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}
