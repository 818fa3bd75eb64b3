/** What `npm run model` prints. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Exploration } from "./exploration.ts";

export type Line = Exploration & { readonly name: string };

/** The worlds that `npm test` explores. The others take most of the time, and are explored in the long run. */
export const QUICK = ["retry", "hold", "writes", "operator"] as const;

/** A bound that shrinks a world by mistake is noticed: each has more states than this. */
export const STATES_MIN = 5000;

/** A process of its own, because it loads the code by itself. */
export async function model(...args: string[]): Promise<Line[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ["test/model/main.ts", "--json", ...args]).catch(
    (error: { readonly stdout: string }) => error,
  );
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]));
}

/** Explores these worlds. */
export function explored(names: readonly string[]): Promise<Line[]> {
  return model(...names.flatMap((name) => ["--world", name]));
}
