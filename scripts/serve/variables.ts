// The variables of the runtime: from the environment, from files that it names (NAME_FILE), and from directories of secrets, in
// which each file has the name of its variable.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface FoundVariable {
  readonly value: string;
  /** Where it comes from, for people. */
  readonly from: string;
}

export interface VariablesQuery {
  /** Those that the configuration binds. */
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `/run/secrets` of a container, and systemd's directory of credentials. Missing ones are empty. */
  readonly folders: readonly string[];
}

/** Linux refuses a longer variable (MAX_ARG_STRLEN, with the name and "="). */
const VARIABLE_BYTES_MAX = 131_072;

/** Throws where a variable has two sources, or a file that can't be read: a guess could open the console to an old token. */
export function readVariables({ names, env, folders }: VariablesQuery): Map<string, FoundVariable> {
  const found = new Map<string, FoundVariable>();
  for (const name of names) {
    const sources = [...inEnvironment(name, env), ...folders.flatMap((folder) => inFolder(name, folder))];
    const [first, second] = sources;
    if (first === undefined) continue;
    if (second !== undefined) throw new Error(`${name} is set twice: by ${first.from} and by ${second.from}.`);
    const bytes = Buffer.byteLength(`${name}=${first.value}`);
    if (bytes >= VARIABLE_BYTES_MAX) {
      throw new Error(
        `${name} has ${bytes} bytes: the system refuses a variable of ${VARIABLE_BYTES_MAX} bytes or more.`,
      );
    }
    found.set(name, first);
  }
  return found;
}

function inEnvironment(name: string, env: VariablesQuery["env"]): FoundVariable[] {
  const value = env[name];
  const path = env[`${name}_FILE`];
  return [
    ...(value === undefined ? [] : [{ value, from: "the environment" }]),
    ...(path === undefined ? [] : [fileAt(path, `${name}_FILE`)]),
  ];
}

function inFolder(name: string, folder: string): FoundVariable[] {
  const path = join(folder, name);
  try {
    return [{ value: withoutLineEnd(readFileSync(path, "utf8")), from: path }];
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new Error(`${path} can't be read: ${messageOf(error)}`, { cause: error });
  }
}

function fileAt(path: string, variable: string): FoundVariable {
  try {
    return { value: withoutLineEnd(readFileSync(path, "utf8")), from: path };
  } catch (error) {
    throw new Error(`${variable} names a file that can't be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Editors and `echo` end a file with a line end, which belongs to no secret. */
function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
