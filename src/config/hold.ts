/** The incident switch (docs/protocol.md 4.6): while a hold is on, nothing new is executed. */

import * as v from "valibot";
import { namesInKv } from "./entry-names.ts";
import { match } from "./entry-values.ts";
import { type Fault } from "./read-fields.ts";
import { RouteRouter } from "./route-router.ts";
import { listOf, table, text } from "./values.ts";
import { tableOfVariable } from "./variable.ts";

export interface Hold {
  /** Where it is set: `HOLD`, or the name of its entry in KV, such as `hold:api.example.com`. */
  readonly name: string;
  readonly reason: string | null;
  /** When it began, in milliseconds since the Unix epoch; null where the entry does not state it. */
  readonly sinceMs: number | null;
  /** The routes that are held; null for all. */
  readonly routes: readonly string[] | null;
  /** `path` is the path that policies are matched by. */
  readonly covers: (method: string, path: string) => boolean;
}

/** No name of a tenant contains a colon. */
export const HOLD_PREFIX = "hold:";

/** The names of a hostname's holds in KV. A wildcard that serves more labels than one is known by its entry. */
export function namesOfHolds(hostname: string, entry: string): string[] {
  return [...new Set([...namesInKv(hostname), entry])].map((name) => HOLD_PREFIX + name);
}

/** The variable that puts the whole deployment on hold. */
const HOLD = "HOLD";

const IN_VARIABLE: Hold = { name: HOLD, reason: null, sinceMs: null, routes: null, covers: () => true };

/** The hold of the variable `HOLD`. A value that can't be read is a hold. */
export function holdInVariable(env: object): Hold | null {
  const value: unknown = Reflect.get(env, HOLD);
  const isOff = value === undefined || value === null || value === "" || value === "false" || value === false;
  return isOff ? null : IN_VARIABLE;
}

/** The fault of a `HOLD` that is misspelled. */
export function faultsOfHold(env: object): Fault[] {
  const value: unknown = Reflect.get(env, HOLD);
  const isClear = holdInVariable(env) === null || value === "true" || value === true;
  return isClear ? [] : [{ path: HOLD, message: 'must be "true" or "false" (until then, everything is on hold)' }];
}

/** Enough for the name of an incident and its page. It goes into the log. */
const REASON = /^[^\p{Cc}]{1,300}$/u;

const CALL_MESSAGE = "must not name a call: hold its path";

/** The fields of a hold's entry. */
const ENTRY = table(
  {
    reason: v.optional(text(REASON, "must be a text of at most 300 characters without line breaks")),
    since: v.optional(
      v.pipe(v.string("must be a time"), v.isoTimestamp('must be a time such as "2026-11-30T12:00:00Z"')),
    ),
    routes: v.optional(
      v.pipe(
        listOf(
          v.pipe(
            match,
            v.check((one) => one.split(" ").length === 2, CALL_MESSAGE),
          ),
          'must be a list of methods and paths, such as ["POST /v1/charges"]',
        ),
        v.minLength(1, "must not be empty"),
      ),
    ),
  },
  'must be a table such as { "reason": "double charges" }, written as JSON',
);

export interface ReadHold {
  readonly hold: Hold;
  readonly faults: readonly Fault[];
}

/** A hold that can't be read is a hold of all routes. */
export function readHold(name: string, written: string): ReadHold {
  const result = v.safeParse(ENTRY, tableOfVariable(written) ?? written);
  const everything: Hold = { ...IN_VARIABLE, name };
  if (!result.success) {
    const faults = result.issues.map((issue) => {
      const inside = v.getDotPath(issue);
      return {
        path: inside === null ? name : `${name}.${inside}`,
        message: `${issue.message} (until then, everything is on hold)`,
      };
    });
    return { hold: everything, faults };
  }
  const { reason = null, since, routes = null } = result.output;
  const about = { name, reason, sinceMs: since === undefined ? null : Date.parse(since), routes };
  if (routes === null) return { hold: { ...everything, ...about }, faults: [] };
  const router = new RouteRouter<true>();
  try {
    for (const route of routes) router.add(route, true);
  } catch (error) {
    // Hono throws on patterns that it can't use, such as a broken regular expression.
    const message = `has a path that is not a Hono pattern: ${String(error)} (until then, everything is on hold)`;
    return { hold: { ...everything, ...about, routes: null }, faults: [{ path: `${name}.routes`, message }] };
  }
  return { hold: { ...about, covers: (method, path) => router.at(method, path).length > 0 }, faults: [] };
}
