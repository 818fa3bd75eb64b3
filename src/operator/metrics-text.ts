/** The numbers of a journal in Prometheus' text format (docs/operator-api.md O10). Pure. */

import { type JournalSummary } from "../journal/tallies.ts";

type Labels = Readonly<Record<string, string>>;

/** One metric, with its samples. */
interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  readonly samples: readonly (readonly [labels: Labels, value: number])[];
}

interface About {
  readonly entry: string;
  readonly version: string | null;
  /** How many holds apply to the hostname that is scraped. */
  readonly holds: number;
  readonly nowMs: number;
}

export function metricsText(summary: JournalSummary, about: About): string {
  return metricsOf(summary, about)
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}\n`);
      return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
    })
    .join("");
}

function metricsOf(summary: JournalSummary, { entry, version, holds, nowMs }: About): Metric[] {
  const { totals, unknown, oldestUnknownMs, dropped } = summary;
  const oldestSeconds = oldestUnknownMs === null ? 0 : Math.max(0, Math.round((nowMs - oldestUnknownMs) / 1000));
  return [
    gauge("oncegate_info", "The version that answers this scrape.", { version: version ?? "" }, 1),
    {
      name: "oncegate_requests_total",
      type: "counter",
      help: "Requests by operation and by what they ended in. Approximate: an isolate that ends loses some seconds.",
      samples: totals.map(({ operation, kind, n }) => [{ entry, operation, kind }, n] as const),
    },
    gauge("oncegate_unknown_records", "Records whose outcome is unknown now.", { entry }, unknown),
    gauge("oncegate_unknown_oldest_seconds", "Age of the oldest of them.", { entry }, oldestSeconds),
    gauge(
      "oncegate_holds",
      "Holds of the hostname that is scraped, by which nothing new is executed.",
      { entry },
      holds,
    ),
    gauge("oncegate_entries_dropped", "Entries that the journal had no room for.", { entry }, dropped),
  ];
}

function gauge(name: string, help: string, labels: Labels, value: number): Metric {
  return { name, type: "gauge", help, samples: [[labels, value]] };
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
