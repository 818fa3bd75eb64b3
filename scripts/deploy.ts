// npm run deploy [-- --env production --config wrangler.toml --var NAME:VALUE ...]
//
// Checks the deployment, and then deploys it with wrangler, which gets every option. A deployment with faults, placeholders among
// them, is not deployed: the exit code is 1. The version is tagged with the commit, which `wrangler versions list` shows.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { placeName, queryOf } from "./check-deploy.ts";
import { checkDeployment } from "./deployment/check.ts";
import { report } from "./deployment/report.ts";
import { beginScript, runScript } from "./help.ts";
import { WRANGLER } from "./wrangler.ts";

const REPOSITORY = join(import.meta.dirname, "..");

/** The platform's bounds for the tag and the message of a version, of which it drops the rest. */
const TAG_CHARACTERS_MAX = 25;
const MESSAGE_CHARACTERS_MAX = 100;

if (import.meta.main) {
  beginScript(import.meta.filename);
  await runScript(() => main(process.argv.slice(2)));
}

/** Returns the exit code: that of wrangler where it ran. */
function main(args: string[]): number {
  const query = queryOf(optionsOf(args));
  const code = report(placeName(query), checkDeployment(query));
  if (code !== 0) return code;
  const command = [WRANGLER, "deploy", ...deployArguments(args, readCommit())];
  const { status, error } = spawnSync(process.execPath, command, { cwd: process.cwd(), stdio: "inherit" });
  if (error !== undefined) throw new Error(`wrangler could not be started: ${error.message}`);
  return status ?? 1;
}

/** What the check needs of wrangler's options. wrangler itself refuses those that it does not know. */
function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    strict: false,
    options: {
      env: { type: "string", short: "e" },
      config: { type: "string", short: "c" },
      var: { type: "string", multiple: true },
    },
  });
  const { env, config, var: variables = [] } = values;
  return {
    environment: typeof env === "string" && env !== "" ? env : undefined,
    config: typeof config === "string" ? config : undefined,
    variables: variables.filter((one) => typeof one === "string"),
  };
}

export interface Commit {
  readonly hash: string;
  readonly subject: string;
  /** There are changes that the commit does not have. */
  readonly isChanged: boolean;
}

/** Null where this is no checkout of git: an archive, for example. */
function readCommit(): Commit | null {
  const [hash = "", subject = ""] = git("log", "-1", "--format=%H%n%s").split("\n");
  return hash === "" ? null : { hash, subject, isChanged: git("status", "--porcelain") !== "" };
}

/** Empty where git is not there, or fails. */
function git(...args: string[]): string {
  const { stdout, status } = spawnSync("git", args, { cwd: REPOSITORY, encoding: "utf8" });
  return status === 0 ? stdout.trim() : "";
}

/** `args` with the commit. A tag or a message of the user's own stays. */
export function deployArguments(args: readonly string[], commit: Commit | null): string[] {
  const isGiven = (name: string): boolean => args.some((one) => one === name || one.startsWith(`${name}=`));
  // Otherwise a variable of the shell, CLOUDFLARE_ENV, could choose another environment than the checked one.
  const environment = ["-e", "--env"].some(isGiven) ? [] : ["--env", ""];
  // An isolate loads the bundle before its first request. At the top level, local runs stay readable.
  const own = [...environment, "--minify"];
  if (commit === null) return [...args, ...own];
  const tag = `${commit.hash.slice(0, 12)}${commit.isChanged ? "-changed" : ""}`.slice(0, TAG_CHARACTERS_MAX);
  const message = commit.subject.slice(0, MESSAGE_CHARACTERS_MAX);
  return [
    ...args,
    ...own,
    ...(isGiven("--tag") ? [] : ["--tag", tag]),
    ...(isGiven("--message") ? [] : ["--message", message]),
  ];
}
