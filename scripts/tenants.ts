// npm run tenants -- put | get | list | delete | validate | hold | release | holds
//
// Manages tenants in the KV namespace TENANTS_KV. An entry is JSON with the fields of wrangler.toml. An entry with faults is
// never written.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { TENANTS_KV } from "../src/config/kv-entry.ts";
import { queryOf } from "./check-deploy.ts";
import { type EntryText, checkEntries, isFinding, readDeployment } from "./deployment/check.ts";
import { type Deployment } from "./deployment/deployment.ts";
import { report, textOf } from "./deployment/report.ts";
import { EXIT_NOT_DONE, textOfError } from "./help.ts";
import { hold, holds, release } from "./tenants/holds.ts";
import { type Namespace, deleteEntry, listNames, putEntry, readEntries } from "./tenants/namespace.ts";

const USAGE = `npm run tenants -- COMMAND --local | --remote [--env production] [--config wrangler.toml] [--persist-to FOLDER]

  put NAME FILE         checks the entry in FILE (JSON; - is standard input) and writes it;
                        a change of its jurisdiction needs --new-records
  get NAME              prints the entry
  list                  prints the names
  delete NAME           removes the entry
  validate              checks all entries
  validate NAME FILE    checks the entry in FILE alone; needs neither --local nor --remote

  hold NAME             nothing new is executed; --reason TEXT goes into the log,
                        and --route "POST /v1/charges", once or more, holds these alone
  release NAME          ends the hold
  holds                 prints the holds

NAME is an exact hostname, *.suffix or *. Quote a name with a star.`;

const STANDARD_INPUT = 0;

/** How many arguments a command has. */
const NEEDED = {
  put: [2],
  get: [1],
  list: [0],
  delete: [1],
  validate: [0, 2],
  hold: [1],
  release: [1],
  holds: [0],
} as const satisfies Record<string, readonly number[]>;

/** A command line that is not valid. The usage is printed with it. */
class UsageError extends Error {}

interface Options {
  readonly env?: string;
  readonly config?: string;
  readonly local?: boolean;
  readonly remote?: boolean;
  readonly "persist-to"?: string;
  readonly "new-records"?: boolean;
  readonly reason?: string;
  readonly route?: string[];
}

if (import.meta.main) process.exitCode = tenants(process.argv.slice(2));

/** Returns the exit code: 1 where an entry is invalid or missing, 2 where the command could not do its work. */
export function tenants(args: readonly string[]): number {
  try {
    return main([...args]);
  } catch (error) {
    console.error(textOfError(error));
    if (error instanceof UsageError) console.error(`\n${USAGE}`);
    return EXIT_NOT_DONE;
  }
}

function main(args: string[]): number {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      env: { type: "string" },
      config: { type: "string" },
      local: { type: "boolean" },
      remote: { type: "boolean" },
      "persist-to": { type: "string" },
      "new-records": { type: "boolean" },
      reason: { type: "string" },
      route: { type: "string", multiple: true },
      help: { type: "boolean" },
    },
  });
  const [command, name, file, ...more] = positionals;
  if (values.help === true) return print(USAGE);
  if (command === undefined) throw new UsageError("A command is required.");
  if (!isCommand(command)) throw new UsageError(`Unknown command '${command}'`);
  const given = [name, file].filter((one) => one !== undefined).length + more.length;
  const needed: readonly number[] = NEEDED[command];
  if (!needed.includes(given)) throw new UsageError(`Wrong number of arguments for ${command}.`);
  return run(command, name ?? "", file ?? "", values);
}

function isCommand(name: string): name is keyof typeof NEEDED {
  return Object.hasOwn(NEEDED, name);
}

function run(command: keyof typeof NEEDED, name: string, file: string, options: Options): number {
  const path = resolve(options.config ?? join(import.meta.dirname, "..", "wrangler.toml"));
  const deployment = readDeployment(queryOf({ config: path, environment: options.env }));
  if (isFinding(deployment)) throw new Error(textOf(deployment).trim());
  const namespace = (): Namespace => namespaceOf(deployment, path, options);
  switch (command) {
    case "put":
      return put(namespace(), deployment, entryIn(name, file), options["new-records"] === true);
    case "get": {
      const text = readEntries(namespace(), [name]).get(name);
      return text === undefined ? printError(`There is no entry ${name} ${place(options)}.`) : print(text.trimEnd());
    }
    case "list":
      for (const one of listNames(namespace())) print(one);
      return 0;
    case "delete": {
      const target = namespace();
      // Deleting a missing entry succeeds, so a misspelt name would seem to be deleted.
      if (!readEntries(target, [name]).has(name)) return printError(`There is no entry ${name} ${place(options)}.`);
      deleteEntry(target, name);
      return print(`deleted ${name} ${place(options)}. It may be served for up to two minutes.`);
    }
    case "validate":
      if (name !== "") return report(name, checkEntries(deployment, [entryIn(name, file)]));
      return validateAll(namespace(), deployment);
    case "hold":
      return hold(namespace(), deployment, { name, reason: options.reason, routes: options.route });
    case "release":
      return release(namespace(), name);
    case "holds":
      return holds(namespace());
    default:
      return command satisfies never;
  }
}

function put(namespace: Namespace, deployment: Deployment, entry: EntryText, mayChangeRecords: boolean): number {
  const { name, text } = entry;
  const verdict = checkEntries(deployment, [entry], namespace.where);
  if (verdict.findings.length > 0) return report(name, verdict);
  const before = readEntries(namespace, [name]).get(name);
  const former = before === undefined ? null : changeOfJurisdiction(before, text);
  if (former !== null && !mayChangeRecords) {
    return printError(
      `${name} is not written: its jurisdiction was ${former}, and records don't move. Every key that was used there would be new, so a retry would run again. Use --new-records if you want that.`,
    );
  }
  putEntry(namespace, name, text);
  print(`${before === undefined ? "put" : "replaced"} ${verdict.summary.join("")} (${namespace.where})`);
  return print("It takes effect everywhere within two minutes.");
}

/** The former jurisdiction where it has changed. An entry that can't be read had none. */
function changeOfJurisdiction(before: string, after: string): string | null {
  const [was, is] = [before, after].map((text): unknown => {
    try {
      return Reflect.get(Object(JSON.parse(text)), "jurisdiction");
    } catch {
      return undefined;
    }
  });
  if (was === is) return null;
  return typeof was === "string" ? was : "none";
}

function validateAll(namespace: Namespace, deployment: Deployment): number {
  const names = listNames(namespace);
  console.error(`${names.length === 1 ? "1 entry" : `${names.length} entries`} (${namespace.where})`);
  const entries = readEntries(namespace, names, (count) => console.error(`read ${count} of ${names.length}`));
  const all = [...entries].map(([name, text]) => ({ name, text, file: `KV ${name}` }));
  return report(TENANTS_KV, checkEntries(deployment, all, namespace.where));
}

function namespaceOf(deployment: Deployment, config: string, options: Options): Namespace {
  const { env: environment, local = false, remote = false, "persist-to": persistTo } = options;
  if (local === remote) throw new UsageError("Either --local or --remote is required.");
  const bound = deployment.config.kv_namespaces.some(({ binding }) => binding === TENANTS_KV);
  if (!bound) {
    const scope = environment === undefined ? "" : `env.${environment}.`;
    throw new Error(
      `${config} binds no KV namespace ${TENANTS_KV}${environment === undefined ? "" : ` in the environment ${environment}`}. ` +
        `Create one with "npx wrangler kv namespace create ${TENANTS_KV}", and add its id:\n\n` +
        `[[${scope}kv_namespaces]]\nbinding = "${TENANTS_KV}"\nid = "…"`,
    );
  }
  return { config, environment, where: local ? "local" : "remote", persistTo };
}

function entryIn(name: string, file: string): EntryText {
  return { name, text: readFileSync(file === "-" ? STANDARD_INPUT : file, "utf8"), file };
}

function place({ env, local }: Options): string {
  return `(${local === true ? "local" : "remote"}${env === undefined ? "" : `, environment ${env}`})`;
}

function print(line: string): number {
  console.log(line);
  return 0;
}

function printError(line: string): number {
  console.error(line);
  return 1;
}
