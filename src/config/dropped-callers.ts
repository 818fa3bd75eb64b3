/** Callers can't be identified by a header that the gateway drops or sets, or that changes with every cookie. */

import { isReplaced } from "../http/headers.ts";
import { type CallerItem, type CallerRule } from "../identity/caller.ts";
import { edgeIn } from "./bindings.ts";
import { type Fault } from "./read-fields.ts";

/** Headers that pass, but that the gateway or the transport writes anew. */
const REWRITTEN: ReadonlySet<string> = new Set(["via", "cdn-loop", "accept-encoding", "content-length"]);

const WHOLE_COOKIE =
  'must not have the whole Cookie header, which any other cookie changes: name one, such as "cookie:session"';

/** The faults of `caller` and `caller_was` of the entry at `path`. */
export function faultsOfDroppedCallers(
  { callers, callersBefore }: { callers: CallerRule; callersBefore: CallerRule | null },
  env: object,
  path: string,
): Fault[] {
  const faultsOf = (items: readonly CallerItem[], field: string): Fault[] =>
    items.flatMap((item) => {
      if (item.kind !== "header") return [];
      if (item.name === "cookie") return [{ path: `${path}.${field}`, message: WHOLE_COOKIE }];
      if (!REWRITTEN.has(item.name) && !isReplaced(item.name, edgeIn(env))) return [];
      return [
        { path: `${path}.${field}`, message: `must not have a header that the gateway drops or sets: ${item.name}` },
      ];
    });
  return [...faultsOf(callers.items, "caller"), ...faultsOf(callersBefore?.items ?? [], "caller_was.caller")];
}
