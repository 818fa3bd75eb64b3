/** Route patterns, matched as Hono does: those of policies, and those of holds. */

import { TrieRouter } from "hono/router/trie-router";
import { matchingPath } from "../http/matching-path.ts";
import { COVERABLE_METHODS } from "./policy-values.ts";

const COVERABLE: ReadonlySet<string> = new Set(COVERABLE_METHODS);

/** Hono's own router, so that patterns mean what they mean in Hono. */
export class RouteRouter<T> {
  readonly #router = new TrieRouter<T>();

  /** `match` is a method (or `*`) and a path pattern. Throws on patterns that Hono can't use, such as a broken regular expression. */
  add(match: string, target: T): void {
    const [method = "", pattern = ""] = match.split(" ");
    // Decoded like the paths that it is compared with.
    this.#router.add(method === "*" ? "ALL" : method, withOwnNames(matchingPath(pattern)), target);
  }

  /** The targets of the routes that match, in the order in which they were added. */
  at(method: string, path: string): readonly T[] {
    return this.#router.match(matchedMethod(method), path)[0].map(([target]) => target);
  }
}

/** No decoded path has it: it is half of a character. */
const IN_NO_PATH = "\uD800";

/**
 * With names of parameters that no request can contain. The router finds a segment that is written like its parameter, such as `:id`,
 * as that text and by the pattern. So each one in a request would double its work.
 */
function withOwnNames(pattern: string): string {
  return pattern.replaceAll(/\{[^}]*\}|\/:/g, (found) => (found === "/:" ? `/:${IN_NO_PATH}` : found));
}

/** The router looks methods up in plain objects, where a client's `constructor` would be found. Only `*` matches other methods. */
function matchedMethod(method: string): string {
  return COVERABLE.has(method) ? method : "ALL";
}
