/** The runs behind docs/reliability.md: how each is made, and where its figures are kept. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type Facts, facts, writeJson } from "../../bench/support/facts.ts";
import { FIGURES_MARK } from "../../test/support/figures.ts";
import { type Figures } from "../../tools/mutation/figures.ts";

/** Where a run leaves its figures: in a file that it is given by `--json`, or in lines of what it prints. */
interface Run {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly figures: "file" | "lines" | "marked lines";
}

/** With these a file of tests prints what it counts, also where it passes. */
const VITEST = ["exec", "--", "vitest", "run", "--silent=false"];
const EVERY_POINT = { ONCEGATE_RUN_FACTOR: "2" };

const RUNS = {
  model: { args: ["run", "model", "--", "--json"], figures: "lines" },
  "large-model": { args: ["run", "model", "--", "--json", "--large"], figures: "lines" },
  "planted-bugs": { args: ["run", "model", "--", "--json", "--bugs"], figures: "lines" },
  simulation: { args: ["run", "simulate", "--", "--seeds", "100000"], figures: "file" },
  "simulated-bugs": { args: ["run", "simulate", "--", "--bugs"], figures: "file" },
  boundary: { args: ["run", "boundary", "--", "--json"], figures: "lines" },
  holes: { args: ["run", "holes", "--", "--json"], figures: "lines" },
  faults: {
    args: [...VITEST, "--project", "worker", "--project", "fault", "test/fault"],
    env: EVERY_POINT,
    figures: "marked lines",
  },
  fuzz: { args: [...VITEST, "--project", "fuzz"], env: { ONCEGATE_RUN_FACTOR: "5" }, figures: "marked lines" },
  crash: { args: ["run", "test:crash", "--", "--kills", "50", "--keys", "5000"], figures: "file" },
} as const satisfies Readonly<Record<string, Run>>;

export type RunName = keyof typeof RUNS;
export const RUN_NAMES = Object.keys(RUNS);

/** As kept in test/results. `figures` has one entry for each line, or that of the file. */
export interface KeptRun extends Facts {
  readonly figures: readonly unknown[];
}

const MUTATION = join(import.meta.dirname, "..", "..", "tools", "mutation", "figures.json");
const RESULTS = join(import.meta.dirname, "..", "..", "test", "results");
const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;

export function isRunName(name: string): name is RunName {
  return Object.hasOwn(RUNS, name);
}

/** Throws where the run fails: figures of a failed run are not kept. */
export function runAndKeep(name: RunName): void {
  const run: Run = RUNS[name];
  const folder = mkdtempSync(join(tmpdir(), "oncegate-reliability-"));
  const file = join(folder, "figures.json");
  try {
    const args = [...run.args, ...(run.figures === "file" ? ["--json", file] : [])];
    const command = ["npm", ...run.args].join(" ");
    const shownEnv = Object.entries(run.env ?? {}).map(([key, value]) => `${key}=${value} `);
    const context = { ...facts(), command: `${shownEnv.join("")}${command}` };
    console.error(context.command);
    const { status, stdout } = spawnSync("npm", args, {
      env: { ...process.env, ...run.env },
      encoding: "utf8",
      maxBuffer: OUTPUT_BYTES_MAX,
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (status !== 0) throw new Error(`${command} failed:\n${stdout}`);
    const figures = run.figures === "file" ? [JSON.parse(readFileSync(file, "utf8"))] : figuresIn(stdout, run.figures);
    if (figures.length === 0) throw new Error(`${command} printed no figures`);
    writeJson(fileOf(name), { ...context, figures });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The run has not been made for this version. */
export class MissingRun extends Error {
  readonly run: RunName;

  constructor(run: RunName) {
    super(`there are no figures of ${run}`);
    this.run = run;
  }
}

/** Throws a {@link MissingRun} where there is none. */
export function readRun(name: RunName): KeptRun {
  if (!existsSync(fileOf(name))) throw new MissingRun(name);
  return JSON.parse(readFileSync(fileOf(name), "utf8")) as KeptRun;
}

/** As kept in figures.json. */
interface MutationFigures extends Figures {
  readonly date: string;
  readonly command: string;
}

/** By folder of src/. `npm run mutation -- --write` keeps them itself. */
export function readMutation(): Readonly<Record<string, MutationFigures>> {
  return JSON.parse(readFileSync(MUTATION, "utf8")) as Record<string, MutationFigures>;
}

function fileOf(name: RunName): string {
  return join(RESULTS, `${name}.json`);
}

function figuresIn(stdout: string, kind: "lines" | "marked lines"): unknown[] {
  const mark = kind === "lines" ? "" : FIGURES_MARK;
  return stripVTControlCharacters(stdout)
    .split("\n")
    .filter((line) => line.startsWith(`${mark}{`))
    .map((line) => JSON.parse(line.slice(mark.length)));
}
