/** The numbers of docs/reliability.md, between its markers. Nothing between them is written by hand. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fillIn } from "../../bench/support/document.ts";
import { CRASH_ROWS, FAULTS, inEnglish, SMALL_WORLDS } from "./rows.ts";
import { type KeptRun, MissingRun, readMutation, readRun } from "./runs.ts";

const PAGE = join(import.meta.dirname, "..", "..", "docs", "reliability.md");

interface Exploration {
  readonly name: string;
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  readonly violation: object | null;
}

interface Tally {
  readonly name: string;
  readonly faults: readonly { readonly fault: string; readonly retries: Readonly<Record<string, number>> }[];
}

/** Each part of the page, by the name in its markers. */
const PARTS: Readonly<Record<string, () => string>> = {
  model: modelPart,
  simulation: simulationPart,
  boundary: boundaryPart,
  holes: holesPart,
  mutation: mutationPart,
  faults: faultsPart,
  memory: memoryPart,
  crash: crashPart,
  fuzz: fuzzPart,
};

export function writePage(): void {
  for (const [name, part] of Object.entries(PARTS)) fillIn(PAGE, name, textOf(part));
}

/** Whether the page has the numbers of the runs. */
export function isFilledIn(): boolean {
  const page = readFileSync(PAGE, "utf8");
  return Object.entries(PARTS).every(([name, part]) =>
    page.includes(`<!-- ${name}: begin -->\n\n${textOf(part)}\n\n<!-- ${name}: end -->`),
  );
}

/** An empty place has not been measured for this version. */
function textOf(part: () => string): string {
  try {
    return part();
  } catch (error) {
    if (error instanceof MissingRun)
      return `Not measured for this version: \`npm run reliability -- --run ${error.run}\`.`;
    throw error;
  }
}

function modelPart(): string {
  const run = readRun("model");
  const worlds = explorationsIn(run);
  const rows = worlds.map(({ name, states, transitions, depth }) => {
    const label = SMALL_WORLDS[name];
    if (label === undefined) throw new Error(`no words for the world ${name}`);
    return `| ${label} | ${inEnglish(states)} | ${inEnglish(transitions)} | ${depth} |`;
  });
  const large = readRun("large-model");
  const sum = (of: (one: Exploration) => number): string =>
    inEnglish(explorationsIn(large).reduce((total, one) => total + of(one), 0));
  const bugs = readRun("planted-bugs");
  const found = explorationsIn(bugs).filter(({ violation }) => violation !== null).length;
  return [
    "| world | states | transitions | depth |",
    "|---|---|---|---|",
    ...rows,
    "",
    madeBy(run),
    "",
    `The larger worlds have ${sum(({ states }) => states)} states and ${sum(({ transitions }) => transitions)} transitions.`,
    madeBy(large),
    "",
    `Of ${explorationsIn(bugs).length} changes of the code that each break a promise, one at a time, ${found} are found.`,
    madeBy(bugs),
  ].join("\n");
}

function simulationPart(): string {
  const run = readRun("simulation");
  const [figures] = run.figures;
  if (!isObject(figures) || !isObject(figures["faults"])) throw new Error("the simulation has no figures");
  const planted = readRun("simulated-bugs");
  const bugs = planted.figures.flat().filter(isObject);
  const found = bugs.filter(({ violation }) => violation !== null).length;
  const count = (name: string): string => inEnglish(Number(figures[name]));
  const faults = Object.entries(figures["faults"]).map(([fault, times]) => `${inEnglish(Number(times))} × ${fault}`);
  return [
    `${count("seeds")} runs, each from its own seed, took ${count("steps")} steps, at ${count("stepsPerMinute")} steps a minute of one core.`,
    `Processes ended ${count("crashes")} times. Faults: ${faults.join(", ")}.`,
    madeBy(run),
    "",
    `Of ${bugs.length} planted bugs, ${found} are found.`,
    madeBy(planted),
  ].join("\n");
}

function boundaryPart(): string {
  const run = readRun("boundary");
  const checked = run.figures.filter(isObject);
  const faults = checked.filter(({ fault }) => fault !== null);
  const found = faults.filter(({ hasViolation }) => hasViolation === true).length;
  const states = Number(checked.find(({ fault }) => fault === null)?.["states"]);
  return [
    `The model has ${inEnglish(states)} states, and none breaks a promise. Of ${faults.length} planted faults, ${found} are found.`,
    madeBy(run),
  ].join("\n");
}

function holesPart(): string {
  const run = readRun("holes");
  const planted = run.figures.filter(isObject);
  const inWords = (list: string): string => {
    const changes = planted.filter((one) => one["list"] === list);
    const noticed = changes.filter((one) => one["noticed"] === true).length;
    return `Of ${changes.length} changes, ${noticed} are noticed by the test that is named for each`;
  };
  const atFirst = planted.filter((one) => one["noticedAtFirst"] === true).length;
  return [
    `- Known holes: ${inWords("holes")}.`,
    `- Fresh eyes: ${inWords("fresh-eyes")}; ${atFirst} were noticed by the suites as they were.`,
    "",
    madeBy(run),
  ].join("\n");
}

function mutationPart(): string {
  const rows = Object.entries(readMutation()).map(([folder, one]) => {
    const { killed, timeout, survived, noCoverage, equal, score, date, command } = one;
    const counts = [killed + timeout, survived + noCoverage, equal].map(inEnglish).join(" | ");
    return `| \`src/${folder}\` | ${counts} | ${score} % | \`${command}\`, ${date} |`;
  });
  return ["| | noticed | not noticed | equal | score | |", "|---|---|---|---|---|---|", ...rows].join("\n");
}

function faultsPart(): string {
  const run = readRun("faults");
  const tallies = run.figures.filter(isTally);
  const rows = tallies.map(({ name, faults }) => {
    const words = FAULTS[name];
    if (words === undefined) throw new Error(`no words for the faults of ${name}`);
    const points = faults.flatMap(({ retries }) => Object.values(retries)).reduce((sum, count) => sum + count, 0);
    return `| ${words} | ${inEnglish(points)} | ${retriesOf(faults)} |`;
  });
  const head = ["| fault | points | a retry got |", "|---|---|---|"];
  return [...head, ...rows.toSorted(), "", madeBy(run)].join("\n");
}

/** What retries got, the most frequent first. */
function retriesOf(faults: Tally["faults"]): string {
  const counts = new Map<string, number>();
  for (const [retry, count] of faults.flatMap(({ retries }) => Object.entries(retries))) {
    counts.set(retry, (counts.get(retry) ?? 0) + count);
  }
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([retry, count]) => `${retry} ${inEnglish(count)}`).join(", ");
}

function memoryPart(): string {
  const run = readRun("faults");
  const peak = (name: string): string => {
    const found = run.figures.find((one) => isObject(one) && one["name"] === name);
    if (!isObject(found)) throw new Error(`no memory of ${name} in the figures`);
    return `${String(found["beforeMegabytes"])} MB before and ${String(found["peakMegabytes"])} MB at its peak`;
  };
  return [
    `- 2,000 keys at once: the process held ${peak("many-keys")}.`,
    `- 1,700 requests at once for one key: ${peak("one-key")}.`,
  ].join("\n");
}

function crashPart(): string {
  const run = readRun("crash");
  const [figures] = run.figures;
  if (!isObject(figures)) throw new Error("the crash test has no figures");
  const rows = CRASH_ROWS.map(([label, name]) => `| ${label} | ${inEnglish(Number(figures[name]))} |`);
  const states = isObject(figures["finalStates"]) ? Object.entries(figures["finalStates"]) : [];
  const ends = states.map(([state, count]) => `${inEnglish(Number(count))} ${state}`).join(", ");
  return ["| | |", "|---|---|", ...rows, "", `What the keys came to: ${ends}.`, "", madeBy(run)].join("\n");
}

function fuzzPart(): string {
  const run = readRun("fuzz");
  const figures = run.figures.find((one) => isObject(one) && one["name"] === "fuzz");
  if (!isObject(figures)) throw new Error("the fuzzer has no figures");
  const count = (name: string): string => inEnglish(Number(figures[name]));
  return [
    `${count("messages")} messages in ${count("runs")} runs; the origin received ${count("received")} requests.`,
    `${count("corpus")} earlier findings were sent again.`,
    madeBy(run),
  ].join("\n");
}

/** The line below the figures of a run. */
function madeBy({ command, date, machine, commit, versions }: KeptRun): string {
  const node = versions["node"] ?? "?";
  return `\`${command}\` (${date.slice(0, 10)}, ${machine}, Node.js ${node}, commit ${commit})`;
}

function explorationsIn({ figures }: KeptRun): readonly Exploration[] {
  return figures.map((one) => one as Exploration);
}

function isTally(value: unknown): value is Tally {
  return isObject(value) && Array.isArray(value["faults"]);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
