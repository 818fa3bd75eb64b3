// npm run cost -- [--keys 1m | --rps 500] [--replays 0.02] [--origin-ms 300] [--ttl 24h] [--body 2k]
//                  [--remember 30d] [--with log-changes,journal,analytics,kv,rate-limit] [--write]
// Calculates the monthly cost of keyed requests in dollars, and of Redis or a DynamoDB table for the same records.
// --keys is new keys a month, --rps new keys a second. --with adds features, and prints what each adds. --write puts the tables for
// the defaults into docs/cost.md.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { fillIn } from "../support/document.ts";
import { namesOf } from "../support/options.ts";
import { FEATURES, type Feature } from "./features.ts";
import { type Bill, type Workload, dynamodbBill, keysPerMonth, oncegateBill, redisBill } from "./model.ts";
import { inDollars, inWords, readAmount, readSeconds } from "./units.ts";

const MONTH_SECONDS = 30 * 24 * 60 * 60;

/** "Up to a few hundred milliseconds", by the platform's page on namespaces. */
const FIRST_USE_MS = 300;

const DEFAULTS = { replays: "0.02", "origin-ms": "300", ttl: "24h", remember: "0s", body: "2k" };

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    rps: { type: "string" },
    keys: { type: "string", default: "1m" },
    replays: { type: "string", default: DEFAULTS.replays },
    "origin-ms": { type: "string", default: DEFAULTS["origin-ms"] },
    ttl: { type: "string", default: DEFAULTS.ttl },
    remember: { type: "string", default: DEFAULTS.remember },
    body: { type: "string", default: DEFAULTS.body },
    with: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

const workload: Workload = {
  newKeysPerSecond:
    values.rps === undefined
      ? known("keys", readAmount(values.keys)) / MONTH_SECONDS
      : known("rps", Number(values.rps)),
  replaysPerKey: known("replays", Number(values.replays)),
  originMs: known("origin-ms", Number(values["origin-ms"])),
  ttlSeconds: known("ttl", readSeconds(values.ttl)),
  rememberSeconds: known("remember", readSeconds(values.remember)),
  bodyBytes: known("body", readAmount(values.body)),
  features: values.with === undefined ? [] : namesOf("with", values.with, FEATURES),
};

if (workload.newKeysPerSecond === 0) throw new Error("the number of new keys must be above 0");
if (
  values.write &&
  (values.with !== undefined || Object.entries(DEFAULTS).some(([name, value]) => Reflect.get(values, name) !== value))
)
  throw new Error("--write is for the defaults only, which docs/cost.md lists next to the table");

const keys = keysPerMonth(workload);
const { newKeysPerSecond, replaysPerKey, originMs, bodyBytes } = workload;
console.log(
  `${inWords(keys)} new keys a month (${inWords(newKeysPerSecond)} a second), ${replaysPerKey} replays for each`,
);
console.log(`an origin of ${originMs} ms, answers of ${bodyBytes} bytes, kept for ${values.ttl}`);
console.log(`keys remembered after that for ${values.remember}\n`);
print("Oncegate on Cloudflare", oncegateBill(workload));
for (const feature of workload.features)
  console.log(`${feature}: ${inDollars(addedBy(workload, { features: [feature] }))} for a million keys`);
if (workload.rememberSeconds > 0) {
  const { rememberSeconds } = workload;
  console.log(`remember: ${inDollars(addedBy(workload, { rememberSeconds }))} for a million keys`);
}
print("a Redis (serverless Valkey), the store alone", redisBill(workload));
print("a DynamoDB table (on demand), the store alone", dynamodbBill(workload));
console.log(
  `Latency: the first request of each key waits for the platform's check of a new name, up to ${FIRST_USE_MS} ms`,
);
console.log(
  `or so: with it an answer of ${originMs} ms takes up to ${originMs + FIRST_USE_MS} ms. A retry does not wait for it,`,
);
console.log("and it costs no money. Prices, assumptions and where they come from: docs/cost.md");
if (values.write) {
  const page = join(import.meta.dirname, "..", "..", "docs", "cost.md");
  fillIn(page, "cost", table());
  fillIn(page, "features", featureTable());
}

/** The same workload in several sizes. */
function table(): string {
  const sizes = [1e6, 1e7, 1.2e8, 500 * MONTH_SECONDS].map((keys) => keys / MONTH_SECONDS);
  const rows = sizes.map((newKeysPerSecond) => rowOf({ ...workload, newKeysPerSecond }));
  const head = "| new keys | a second | Oncegate | for a million | of that, rows written | Redis | DynamoDB |";
  return [head, "|---|---|---|---|---|---|---|", ...rows].join("\n");
}

/** What a change of `workload` adds to the bill of a million keys. Below 0, it saves that. */
function addedBy(workload: Workload, change: Partial<Workload>): number {
  const without = { ...workload, features: [], rememberSeconds: 0 };
  const added = oncegateBill({ ...without, ...change }).dollars - oncegateBill(without).dollars;
  return (added / keysPerMonth(workload)) * 1e6;
}

/** Where most of what the plan includes is used up. */
function featureTable(): string {
  const busy = { ...workload, newKeysPerSecond: 1.2e8 / MONTH_SECONDS };
  const row = (option: string, setting: string, adds: string, change: Partial<Workload>): string =>
    `| ${[setting, adds, inDollars(addedBy(busy, change)), `\`npm run cost -- --keys 120m ${option}\``].join(" | ")} |`;
  const withFeature = (feature: Feature, setting: string, adds: string): string =>
    row(`--with ${feature}`, setting, adds, { features: [feature] });
  return [
    "| feature | what it adds | for a million keys | command |",
    "|---|---|---|---|",
    row("--remember 30d", '`remember = "30d"`', "two rows, an alarm, 12 KB for 30 days", {
      rememberSeconds: 30 * 86_400,
    }),
    withFeature("log-changes", '`log = "changes"`', "saves the line of each plain request"),
    withFeature(
      "journal",
      "operators, with their journal",
      "counts every 5 s of an isolate; two rows for an unknown outcome, two at its end",
    ),
    withFeature("analytics", "Analytics Engine (`EVENTS`)", "a point for each request; announced, not billed yet"),
    withFeature("kv", "tenants in KV", "a read every 30 s of an isolate"),
    withFeature("rate-limit", "`rate_limit`", "no row; its binding has no price of its own"),
  ].join("\n");
}

function rowOf(sized: Workload): string {
  const { dollars, items } = oncegateBill(sized);
  const keys = keysPerMonth(sized);
  const written = items.find(({ what }) => what === "rows written")?.dollars ?? 0;
  const others = [redisBill(sized), dynamodbBill(sized)].map(({ dollars }) => inDollars(dollars));
  const amounts = [inWords(keys), inWords(sized.newKeysPerSecond)];
  return `| ${[...amounts, inDollars(dollars), inDollars((dollars / keys) * 1e6), inDollars(written), ...others].join(" | ")} |`;
}

function known(name: string, value: number | undefined): number {
  if (value === undefined || !(value >= 0)) throw new Error(`--${name} is not valid`);
  return value;
}

function print(name: string, { items, dollars }: Bill): void {
  console.log(`${name}: ${inDollars(dollars)} a month, ${inDollars((dollars / keys) * 1e6)} for a million keys`);
  for (const { what, amount, unit, dollars } of items) {
    console.log(
      `  ${what.padEnd(18)} ${`${inWords(amount)} ${unit}`.trim().padStart(20)}  ${inDollars(dollars).padStart(12)}`,
    );
  }
  console.log();
}
