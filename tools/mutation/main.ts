// npm run mutation -- [FOLDER ...] [--file FILE] [--force] [--write] [--list] [--concurrency N]
//
// Changes the source in thousands of ways, one at a time (Stryker), and counts the changes that the tests notice. FOLDER is one of
// src/, such as `record`; without one, all that areas.ts names. Keeps what it has found in .stryker/, and tries only what has changed
// since; a change of files that are neither tests nor mutated is not seen: --force tries all again. --write stores good figures in
// figures.json. --list also prints the listed mutants that are equal. --file tries one file of the folder alone, or some of its lines
// (`kept-record.ts:10-60`), always anew. Prints each mutant that no test notices and that equal.json doesn't list, and ends with 1 where
// a score is too low or the list is wrong.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { beginScript, runScript } from "../../scripts/help.ts";
import { installSeparately } from "../../scripts/separate-package.ts";
import { type Area, AREAS } from "./areas.ts";
import { type EqualGroup, type EqualMutant, isNamedBy, sortUnnoticed } from "./equal.ts";
import { type Figures, figuresOf, textOfFigures, textOfMutant } from "./figures.ts";
import { type Report, resultsOf } from "./report.ts";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "..", "..");
const STRYKER = join(HERE, "node_modules", "@stryker-mutator", "core", "bin", "stryker.js");
const FIGURES = join(HERE, "figures.json");

/** Relative to the root, as Stryker takes it. */
const WORK = ".stryker";

/** Imported before the tests. */
const SETUP = ["tools/mutation/one-seed.ts", "test/unit/digest-stream.ts"];

/** A mutant runs as long as its tests take and this much longer, so that another process on this machine makes none time out. */
const TIMEOUT_MS = 60_000;

/** Folders without source or tests of an area. Stryker copies all others. */
const NOT_COPIED = ["bench", "coverage", "deploy", "dist", "examples", "test/clients", "test/conformance", ".stryker"];

beginScript(import.meta.filename);
await runScript(() => {
  const options = {
    force: { type: "boolean" },
    write: { type: "boolean" },
    file: { type: "string" },
    list: { type: "boolean" },
    concurrency: { type: "string", default: String(availableParallelism()) },
  } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const { file = null } = values;
  if (file !== null && (positionals.length !== 1 || values.write === true)) {
    throw new Error("--file goes with one FOLDER, and without --write.");
  }
  const areas = positionals.length === 0 ? AREAS : positionals.map(areaOf);
  if (!installSeparately(HERE)) return 2;
  const groups = readJson(join(HERE, "equal.json")) as EqualGroup[];
  let isGood = true;
  for (const area of areas) {
    const how = { file, force: values.force === true, concurrency: Number(values.concurrency) };
    const results = resultsOf(mutate(area, how));
    const isTried = (one: EqualMutant): boolean =>
      file === null ? isIn(one.file, area) : results.some((result) => isNamedBy(result, one));
    const listed = groups.map(({ why, mutants }) => ({ why, mutants: mutants.filter(isTried) }));
    const sorted = sortUnnoticed(results, listed);
    const figures = figuresOf(results, sorted, area.scoreMin);
    const mutants = values.list === true ? [...sorted.unnoticed, ...sorted.equal] : sorted.unnoticed;
    for (const mutant of mutants) console.log(`${textOfMutant(mutant)}\n`);
    for (const fault of sorted.faults) console.log(`equal.json: ${fault}`);
    console.log(textOfFigures(area.name, figures));
    const isGoodHere = sorted.faults.length === 0 && figures.score >= area.scoreMin;
    if (values.write === true && isGoodHere) writeFigures(area, figures);
    isGood &&= isGoodHere;
  }
  return isGood ? 0 : 1;
});

interface How {
  /** Below the area's folder. Null for all of it. */
  readonly file: string | null;
  readonly force: boolean;
  /** Processes that run tests at the same time. */
  readonly concurrency: number;
}

function areaOf(name: string): Area {
  const area = AREAS.find((one) => one.name === name);
  if (area === undefined) throw new Error(`${name} is none of ${AREAS.map((one) => one.name).join(", ")}.`);
  return area;
}

function isIn(file: string, { name }: Area): boolean {
  return file.startsWith(`src/${name}/`);
}

/** Runs Stryker and reads its report. */
function mutate(area: Area, { file, ...how }: How): Report {
  mkdirSync(join(ROOT, WORK), { recursive: true });
  const report = `${WORK}/${area.name}.report.json`;
  const config = join(ROOT, WORK, `${area.name}.config.json`);
  const only = file === null ? {} : { mutate: [`src/${area.name}/${file}`], incremental: false };
  writeFileSync(config, JSON.stringify({ ...optionsOf(area, report), ...how, ...only }));
  forgetUnnoticed(join(ROOT, incrementalFileOf(area)));
  const env = {
    ...process.env,
    ONCEGATE_MUTATION_SETUP: SETUP.join(","),
    ONCEGATE_MUTATION_TESTS: area.tests.join(","),
  };
  const { status, error } = spawnSync(process.execPath, [STRYKER, "run", config], { cwd: ROOT, stdio: "inherit", env });
  if (error !== undefined) throw new Error(`Stryker can't be run: ${error.message}`);
  if (status !== 0) throw new Error("Stryker failed.");
  return readJson(join(ROOT, report)) as Report;
}

/** Stryker would not try a mutant of what runs when a module is loaded again, because it can't see which tests are about it. */
function forgetUnnoticed(file: string): void {
  if (!existsSync(file)) return;
  const { files, ...rest } = readJson(file) as Report;
  const noticed = Object.entries(files).map(([name, { mutants, ...source }]) => [
    name,
    { ...source, mutants: mutants.filter(({ status }) => status === "Killed" || status === "Timeout") },
  ]);
  writeFileSync(file, JSON.stringify({ ...rest, files: Object.fromEntries(noticed) as object }));
}

function incrementalFileOf({ name }: Area): string {
  return `${WORK}/${name}.incremental.json`;
}

function optionsOf(area: Area, report: string) {
  return {
    mutate: area.mutate,
    testRunner: "in-process",
    plugins: [join(HERE, "runner", "plugin.ts")],
    // Of TypeScript 7 it can't use the compiler, which it would need to read the project's file.
    tsconfigFile: "none.json",
    disableTypeChecks: false,
    ignorePatterns: NOT_COPIED.map((folder) => `/${folder}`),
    tempDirName: `${WORK}/tmp`,
    incremental: true,
    incrementalFile: incrementalFileOf(area),
    timeoutMS: TIMEOUT_MS,
    reporters: ["json", "progress-append-only"],
    jsonReporter: { fileName: report },
    allowConsoleColors: false,
    warnings: { slow: false },
  };
}

function writeFigures(area: Area, figures: Figures): void {
  const stored = readJson(FIGURES) as Record<string, object>;
  const entry = {
    ...figures,
    date: new Date().toISOString().slice(0, 10),
    command: `npm run mutation -- ${area.name}`,
  };
  writeFileSync(FIGURES, `${JSON.stringify({ ...stored, [area.name]: entry }, null, 2)}\n`);
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8"));
}
