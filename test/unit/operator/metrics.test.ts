import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { COUNT_KINDS } from "../../../src/journal/tallies.ts";
import { metricsText } from "../../../src/operator/metrics-text.ts";

const DEPLOY = join(import.meta.dirname, "../../../deploy");
const NOW_MS = 1_800_000_000_000;

const SUMMARY = {
  totals: [
    { operation: "POST /v1/charges", kind: "executed", n: 12 },
    { operation: "POST *", kind: "would_refuse", n: 1 },
  ],
  unknown: 2,
  oldestUnknownMs: NOW_MS - 61_400,
  dropped: 0,
} as const;

const ABOUT = { entry: "api.example.com", version: "v-1", holds: 1, nowMs: NOW_MS };

/** The types of all metrics, by name. */
function typesIn(text: string): Map<string, string> {
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
}

describe("the metrics of an entry", () => {
  test("are Prometheus text", () => {
    expect(metricsText(SUMMARY, ABOUT)).toBe(`# HELP oncegate_info The version that answers this scrape.
# TYPE oncegate_info gauge
oncegate_info{version="v-1"} 1
# HELP oncegate_requests_total Requests by operation and by what they ended in. Approximate: an isolate that ends loses some seconds.
# TYPE oncegate_requests_total counter
oncegate_requests_total{entry="api.example.com",operation="POST /v1/charges",kind="executed"} 12
oncegate_requests_total{entry="api.example.com",operation="POST *",kind="would_refuse"} 1
# HELP oncegate_unknown_records Records whose outcome is unknown now.
# TYPE oncegate_unknown_records gauge
oncegate_unknown_records{entry="api.example.com"} 2
# HELP oncegate_unknown_oldest_seconds Age of the oldest of them.
# TYPE oncegate_unknown_oldest_seconds gauge
oncegate_unknown_oldest_seconds{entry="api.example.com"} 61
# HELP oncegate_holds Holds of the hostname that is scraped, by which nothing new is executed.
# TYPE oncegate_holds gauge
oncegate_holds{entry="api.example.com"} 1
# HELP oncegate_entries_dropped Entries that the journal had no room for.
# TYPE oncegate_entries_dropped gauge
oncegate_entries_dropped{entry="api.example.com"} 0
`);
  });

  test("escape their labels", () => {
    const totals = [{ operation: 'POST /a"\\\n', kind: "executed", n: 1 } as const];
    const text = metricsText({ ...SUMMARY, totals }, { ...ABOUT, version: null });
    expect(text).toContain(String.raw`operation="POST /a\"\\\n",kind="executed"} 1`);
    expect(text).toContain('oncegate_info{version=""} 1');
  });
});

/** Fails where an expression names a metric, a label or a kind that the output does not have. */
function checkExpression(expr: string): void {
  const text = metricsText(SUMMARY, ABOUT);
  const types = typesIn(text);
  const labels = new Set([...text.matchAll(/[{,](\w+)="/g)].map(([, name]) => name));
  // A scrape adds these.
  const known = new Set([...types.keys(), "up"]);
  const named = [...expr.matchAll(/\b(oncegate_\w+|up)\b/g)].map(([name]) => name);
  expect([expr, named.length > 0, named.filter((name) => !known.has(name))]).toEqual([expr, true, []]);
  const selected = [...expr.matchAll(/\b(\w+)(=~|!~|!=|=)"([^"]*)"/g)];
  for (const [, label = "", , value = ""] of selected) {
    expect([expr, label === "job" || labels.has(label)]).toEqual([expr, true]);
    if (label !== "kind") continue;
    const matching = COUNT_KINDS.filter((kind) => new RegExp(`^(?:${value})$`).test(kind));
    expect([expr, value, matching.length > 0]).toEqual([expr, value, true]);
  }
  for (const [, list = ""] of expr.matchAll(/by \(([^)]*)\)/g)) {
    for (const label of list.split(", ")) expect([expr, labels.has(label)]).toEqual([expr, true]);
  }
  for (const [, name = ""] of expr.matchAll(/(?:rate|increase)\((\w+)/g)) {
    expect([expr, types.get(name)]).toEqual([expr, "counter"]);
  }
  const counters = [...types].filter(([, type]) => type === "counter").map(([name]) => name);
  for (const name of counters) expect(expr).not.toMatch(new RegExp(`(?<!rate\\(|increase\\()${name}\\b`));
  expect(expr.split("(").length).toBe(expr.split(")").length);
}

interface Panel {
  readonly id: number;
  readonly gridPos: { readonly x: number; readonly w: number };
  readonly targets: readonly { readonly expr: string }[];
}

describe("deploy/grafana-dashboard.json", () => {
  const file = readFileSync(join(DEPLOY, "grafana-dashboard.json"), "utf8");
  const dashboard = JSON.parse(file) as { readonly panels: readonly Panel[] };

  test("asks for what the gateway has, and draws every metric", () => {
    const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
    for (const expr of expressions) checkExpression(expr);
    for (const name of typesIn(metricsText(SUMMARY, ABOUT)).keys()) expect(expressions.join("\n")).toContain(name);
  });

  test("has panels of their own that fit", () => {
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    expect(dashboard.panels.every(({ gridPos }) => gridPos.x + gridPos.w <= 24)).toBe(true);
  });
});

type Yaml = string | Yaml[] | { [name: string]: Yaml };

const LINE = /^( *)(- )?(\w+):(?: (?:'([^']*)'|"([^"]*)"|([\w.-]+)))?$/;

/** Reads the part of YAML that the file uses: blocks of two spaces, and values in quotes or of one word. Fails for any other. */
function parseYaml(text: string): Yaml {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const root: { [name: string]: Yaml } = {};
  const stack: { indent: number; table: { [name: string]: Yaml }; last: string }[] = [
    { indent: 0, table: root, last: "" },
  ];
  for (const line of lines) {
    const [, spaces = "", dash, name = "", ...values] = LINE.exec(line) ?? [];
    if (name === "") throw new Error(`not understood: ${line}`);
    const indent = spaces.length + (dash?.length ?? 0);
    while ((stack.at(-1)?.indent ?? 0) > indent || (dash !== undefined && stack.at(-1)?.indent === indent)) stack.pop();
    let top = stack.at(-1);
    if (top === undefined) throw new Error(`too far left: ${line}`);
    if (indent > top.indent) {
      const table: { [name: string]: Yaml } = {};
      const before = top.table[top.last];
      if (dash !== undefined) top.table[top.last] = [...(Array.isArray(before) ? before : []), table];
      else top.table[top.last] = table;
      top = { indent, table, last: "" };
      stack.push(top);
    }
    if (name in top.table) throw new Error(`twice: ${line}`);
    top.table[name] = values.find((value) => value !== undefined) ?? "";
    top.last = name;
  }
  return root;
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: { readonly severity: string };
      readonly annotations: { readonly summary: string; readonly description: string };
    }[];
  }[];
}

describe("deploy/prometheus-alerts.yaml", () => {
  const { groups } = parseYaml(readFileSync(join(DEPLOY, "prometheus-alerts.yaml"), "utf8")) as unknown as Rules;
  const rules = groups.flatMap((group) => group.rules);

  test("has rules of their own names", () => {
    expect(rules.map(({ alert }) => alert)).toEqual([
      "OncegateDown",
      "OncegateUnknownOutcomes",
      "OncegateUnknownOutcomesOld",
      "OncegateManyRefusals",
      "OncegateOnHold",
      "OncegateJournalFull",
    ]);
  });

  test.each(rules)("$alert asks for what the gateway has, and says what to do", ({ expr, labels, annotations }) => {
    checkExpression(expr);
    expect(labels.severity).toMatch(/^(?:page|ticket)$/);
    expect(Object.keys(annotations)).toEqual(["summary", "description"]);
  });
});
