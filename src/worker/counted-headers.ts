/** The headers that decide whose request this is, and which one. */

import { type Policy, type Tenant } from "../config/policy.ts";
import { REPLACEMENT } from "../http/headers.ts";
import { METHOD_OVERRIDES } from "../http/methods.ts";
import { type Refusal, refuse } from "../http/problem.ts";
import { headersOfCallers } from "../identity/caller.ts";
import { ASKING_HEADERS } from "../identity/fingerprint.ts";
import { headersOfCarriers } from "../identity/key-carrier.ts";

/** The names, in lower case, of all headers that caller, key and fingerprint depend on, and of the one with the origin's secret. */
export function countedHeaders({ tenant, policy }: { tenant: Tenant; policy: Policy }): ReadonlySet<string> {
  const { callers, callersBefore, origin } = tenant;
  return new Set([
    "content-type",
    "content-encoding",
    ...ASKING_HEADERS,
    ...METHOD_OVERRIDES,
    ...headersOfCallers(callers),
    ...(callersBefore === null ? [] : headersOfCallers(callersBefore)),
    ...headersOfCarriers(policy.keyFrom),
    ...policy.fingerprint.headers,
    ...(origin.auth === null ? [] : [origin.auth.header]),
  ]);
}

/** Null where all counted headers can be compared exactly (docs/protocol.md 3.7.3). */
export function unreadableHeader(headers: Headers, counted: ReadonlySet<string>): Refusal | null {
  for (const name of counted) {
    if (headers.get(name)?.includes(REPLACEMENT) !== true) continue;
    return refuse(
      "header_unreadable",
      `The header ${name} must be valid UTF-8, without the character U+FFFD. Nothing was sent to the origin. Correct it and use a new key.`,
    );
  }
  return null;
}
