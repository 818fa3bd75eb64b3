// Reads the command line. What is wrong with it is returned, not thrown.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Check } from "../check.ts";
import { type HeaderLine, type Sending } from "../client.ts";
import { type Exceptions, readExceptions } from "../exceptions.ts";
import { isProfileName, type ProfileName, profileNames, profiles } from "../profiles.ts";
import { type Unmet } from "../run.ts";
import { allNeeds, type Need } from "../tenants.ts";
import { DEFAULT_ORIGIN_PORT } from "./help.ts";

/** What is run, and where the results go. */
export type Plan = {
  readonly profile: ProfileName;
  readonly checks: readonly Check[];
  readonly unmet: Unmet;
  readonly exceptions: Exceptions;
  readonly sending: Sending;
  readonly otherCaller: string | null;
  readonly json: string | null;
  readonly junit: string | null;
  readonly badge: string | null;
};

export type Where = {
  /** Null where the command line names none. */
  readonly url: URL | null;
  readonly urlWithoutCatchAll: URL | null;
  readonly originPort: number | null;
  readonly originAddress: string;
};

export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "list"; readonly checks: readonly Check[] }
  | { readonly kind: "print tenants"; readonly profile: ProfileName; readonly originPort: number }
  | { readonly kind: "run"; readonly plan: Plan; readonly where: Where }
  | { readonly kind: "wrong"; readonly message: string };

const OPTIONS = {
  profile: { type: "string" },
  only: { type: "string", multiple: true },
  except: { type: "string" },
  "skip-needs": { type: "string" },
  "url-without-catch-all": { type: "string" },
  "origin-port": { type: "string" },
  "origin-address": { type: "string" },
  "key-header": { type: "string" },
  "caller-header": { type: "string" },
  caller: { type: "string" },
  "other-caller": { type: "string" },
  host: { type: "string" },
  header: { type: "string", multiple: true },
  json: { type: "string" },
  junit: { type: "string" },
  badge: { type: "string" },
  list: { type: "boolean" },
  "print-tenants": { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** A message for the user. It never leaves this module. */
class WrongCommandLine extends Error {}

export function readCommandLine(argv: readonly string[], defaultProfile: ProfileName): Command {
  try {
    return commandOf(argv, defaultProfile);
  } catch (error) {
    if (error instanceof WrongCommandLine || isParseError(error)) return { kind: "wrong", message: error.message };
    throw error;
  }
}

function isParseError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
}

type Options = ReturnType<typeof parse>["values"];

function commandOf(argv: readonly string[], defaultProfile: ProfileName): Command {
  const { values: options, positionals } = parse(argv);
  if (options.help === true) return { kind: "help" };
  const profile = profileOf(options.profile ?? defaultProfile);
  const checks = checksOf(profile, options.only ?? []);
  const originPort = options["origin-port"] === undefined ? null : portOf(options["origin-port"]);
  if (options.list === true) return { kind: "list", checks };
  if (options["print-tenants"] === true)
    return { kind: "print tenants", profile, originPort: originPort ?? DEFAULT_ORIGIN_PORT };
  const [url, ...more] = positionals;
  if (more.length > 0) throw new WrongCommandLine(`there is one URL, but the command line also has: ${more.join(" ")}`);
  const second = options["url-without-catch-all"];
  const where: Where = {
    url: url === undefined ? null : urlOf(url),
    urlWithoutCatchAll: second === undefined ? null : urlOf(second),
    originPort,
    originAddress: options["origin-address"] ?? "127.0.0.1",
  };
  return { kind: "run", plan: planOf(options, profile, checks), where };
}

function planOf(options: Options, profile: ProfileName, checks: readonly Check[]): Plan {
  const outputs = [options.json, options.junit].filter((file) => file === "-");
  if (outputs.length > 1) throw new WrongCommandLine("only one of --json and --junit can be written to -");
  return {
    profile,
    checks,
    unmet: skippedNeeds(options["skip-needs"] ?? ""),
    exceptions: options.except === undefined ? {} : exceptionsOf(options.except, profiles[profile].checks),
    sending: sendingOf(options),
    otherCaller: options["other-caller"] ?? null,
    json: options.json ?? null,
    junit: options.junit ?? null,
    badge: options.badge ?? null,
  };
}

function profileOf(name: string): ProfileName {
  if (isProfileName(name)) return name;
  throw new WrongCommandLine(`--profile: "${name}" is none of: ${profileNames.join(", ")}`);
}

function checksOf(profile: ProfileName, only: readonly string[]): readonly Check[] {
  const all: readonly Check[] = profiles[profile].checks;
  const unknown = only.find((clause) => !all.some(({ section }) => section.startsWith(clause)));
  if (unknown !== undefined) throw new WrongCommandLine(`--only: the profile ${profile} has no clause "${unknown}"`);
  return only.length === 0 ? all : all.filter(({ section }) => only.some((clause) => section.startsWith(clause)));
}

function portOf(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new WrongCommandLine(`--origin-port must be a port, not ${text}`);
}

function urlOf(text: string): URL {
  if (!URL.canParse(text)) throw new WrongCommandLine(`"${text}" is no URL, such as http://127.0.0.1:8080`);
  const url = new URL(text);
  if (!["http:", "https:"].includes(url.protocol))
    throw new WrongCommandLine(`${text} must begin with http:// or https://`);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw new WrongCommandLine(`${text} must have no path: each check has a path of its own`);
  return url;
}

function skippedNeeds(text: string): Unmet {
  if (text.trim() === "all") return new Map(allNeeds.map((need) => [need, `skipped: ${need}`]));
  const unmet = new Map<Need, string>();
  for (const name of text.split(",").map((name) => name.trim())) {
    if (name === "") continue;
    const need = allNeeds.find((need) => need === name);
    if (need === undefined) throw new WrongCommandLine(`--skip-needs: "${name}" is none of: ${allNeeds.join("; ")}`);
    unmet.set(need, `skipped: ${need}`);
  }
  return unmet;
}

function exceptionsOf(file: string, checks: readonly Check[]): Exceptions {
  let json: string;
  try {
    json = readFileSync(file, "utf8");
  } catch (error) {
    throw new WrongCommandLine(`--except: ${error instanceof Error ? error.message : String(error)}`);
  }
  const exceptions = readExceptions(json, checks);
  if (typeof exceptions === "string") throw new WrongCommandLine(`--except ${file}: ${exceptions}`);
  return exceptions;
}

function sendingOf(options: Options): Sending {
  const { host, caller } = options;
  const [keyHeader, callerHeader] = [options["key-header"], options["caller-header"]];
  return {
    headers: (options.header ?? []).map(headerLineOf),
    ...(host !== undefined && { host }),
    ...(caller !== undefined && { caller }),
    ...(keyHeader !== undefined && { keyHeader }),
    ...(callerHeader !== undefined && { callerHeader }),
  };
}

function headerLineOf(text: string): HeaderLine {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?(.*)$/u.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new WrongCommandLine(`--header must be "NAME: VALUE", not "${text}"`);
  return [name, value];
}
