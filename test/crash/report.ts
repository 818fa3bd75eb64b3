// What a run prints: how far it is, the table at the end, and the whole history of each key that broke a promise.

import { type Violation } from "./checker.ts";
import { type Counts } from "./count.ts";
import { type Asked, type History, type LedgerEntry, type Probe } from "./history.ts";
import { described } from "./record-history.ts";
import { type Progress, type RunOptions } from "./run.ts";

/** More than these are one fault, seen many times. */
const VIOLATIONS_SHOWN_MAX = 20;
const HISTORIES_SHOWN_MAX = 5;

/** Without a terminal, one line for each of so many parts of the way. */
const LOG_LINES = 20;

const LABEL_WIDTH = 44;

export function progressLine({ kills, begun, requests }: Progress, { keys, ...options }: RunOptions): string {
  return `${kills}/${options.kills} kills, ${begun}/${keys} keys begun, ${requests} requests`;
}

/** Whether the line after this kill is worth showing in a log. */
export function isLogged({ kills }: Progress, options: RunOptions): boolean {
  return kills >= options.kills || kills % Math.ceil(options.kills / LOG_LINES) === 0;
}

export function summary(counts: Counts, violations: readonly Violation[], elapsedMs: number): string {
  const row = (label: string, value: number): string => `${label.padEnd(LABEL_WIDTH)}${String(value).padStart(9)}`;
  const group = (title: string, values: ReadonlyMap<string, number>): string[] => [
    "",
    title,
    ...Array.from(values, ([label, value]) => row(`  ${label}`, value)),
  ];
  return [
    row("seconds", Math.round(elapsedMs / 1000)),
    row("kills (SIGKILL)", counts.kills),
    row("  while attempts ran", counts.killsWhileRunning),
    row("  attempts that they cut off", counts.attemptsKilled),
    row("keys", counts.keys),
    row("requests of clients", counts.requests),
    row("requests to the origin", counts.sentToOrigin),
    row("  attempts after the first", counts.retriedAttempts),
    row("executions", counts.executions),
    row("probes", counts.probes),
    row("  keys that they settled", counts.settledByProbe),
    row("answers given again after a restart", counts.replayedAfterRestart),
    row("keys whose answer only a restart brought", counts.savedAnswers),
    row("keys unknown by nothing but a kill", counts.unknownByKill),
    ...group("what clients saw", counts.answers),
    ...group("what the keys came to", counts.finalStates),
    "",
    row("violations", violations.length),
  ].join("\n");
}

/** What `--json` writes: the counts of {@link summary}. */
export function inJson(counts: Counts, violations: readonly Violation[], elapsedMs: number): string {
  const { answers, finalStates, ...numbers } = counts;
  const all = {
    seconds: Math.round(elapsedMs / 1000),
    ...numbers,
    violations: violations.length,
    answers: Object.fromEntries(answers),
    finalStates: Object.fromEntries(finalStates),
  };
  return `${JSON.stringify(all, null, 2)}\n`;
}

export function command({ kills, keys, seed, clients }: RunOptions): string {
  return `npm run test:crash -- --kills ${kills} --keys ${keys} --seed ${seed} --clients ${clients}`;
}

export function violationReport(violations: readonly Violation[], history: History): string {
  const lines = violations
    .slice(0, VIOLATIONS_SHOWN_MAX)
    .map(({ promise, record, what }) => `${promise} broken for ${record}: ${what}`);
  if (violations.length > lines.length) lines.push(`and ${violations.length - lines.length} more`);
  const records = [...new Set(violations.map(({ record }) => record))].slice(0, HISTORIES_SHOWN_MAX);
  return [...lines, ...records.map((record) => `\n${recordReport(record, history)}`)].join("\n");
}

function recordReport(record: string, { operations, asked, ledger, probes, kills }: History): string {
  const operation = operations.find((one) => one.record === record);
  const events = [
    ...asked.filter((one) => one.record === record).flatMap(askedEvents),
    ...ledger.filter((one) => one.record === record).flatMap(ledgerEvents),
    ...probes.filter((one) => one.record === record).map(probeEvent),
  ];
  const from = Math.min(...events.map(([at]) => at));
  const killed = kills
    .filter(({ at }) => at >= from)
    .map(({ at, generation, moment }): Event => [at, `process ${generation} KILLED (${moment})`]);
  const lines = [...events, ...killed]
    .toSorted(([a], [b]) => a - b)
    .map(([at, what]) => `  ${at.toFixed(3).padStart(12)} ms  ${what}`);
  return [`${record} (on_unknown = ${operation?.policy ?? "?"}, amount ${operation?.amount ?? "?"})`, ...lines].join(
    "\n",
  );
}

type Event = [at: number, what: string];

function askedEvents({ sender, attempt, body, phase, generation, sentAt, endedAt, seen }: Asked): Event[] {
  const who = `${phase}, ${sender}, its request ${attempt}`;
  return [
    [sentAt, `${who}: sends the ${body} body to process ${generation}`],
    [endedAt, `${who}: ${described(seen)}`],
  ];
}

function ledgerEvents({
  attempt,
  generation,
  plan,
  arrivedAt,
  executedAt,
  ended,
  answer,
  outcome,
}: LedgerEntry): Event[] {
  const who = `origin, attempt ${attempt} from process ${generation}`;
  const events: Event[] = [[arrivedAt, `${who}: arrived; plan: ${plan}`]];
  if (executedAt !== null) events.push([executedAt, `${who}: EXECUTED`]);
  if (ended !== null) events.push([ended.at, `${who}: ${ended.how} ${answer.status} ${answer.digest} (${outcome})`]);
  return events;
}

function probeEvent({ attempt, generation, arrivedAt, said, answer }: Probe): Event {
  const what = answer === null ? said : `${said}, ${answer.status} ${answer.digest}`;
  return [arrivedAt, `origin, probe of attempt ${attempt} from process ${generation}: says ${what}`];
}
