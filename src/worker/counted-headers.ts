/** The headers that decide whose request this is, and which one. */

import { type Policy, type Tenant } from "../config/policy.ts";
import { REPLACEMENT } from "../http/headers.ts";
import { METHOD_OVERRIDES } from "../http/methods.ts";
import { type Refusal, refuse } from "../http/problem.ts";
import { headersOfCallers } from "../identity/caller.ts";
import { ASKING_HEADERS } from "../identity/fingerprint.ts";
import { headersOfCarriers } from "../identity/key-carrier.ts";
import { type HeaderPair } from "../record/record.ts";

type Counting = Pick<Tenant, "callers" | "callersBefore" | "origin">;

/** Made once for each policy, and again where other callers count under it. */
const known = new WeakMap<Policy, { readonly by: Counting; readonly names: ReadonlySet<string> }>();

/** The names, in lower case, of all headers that caller, key and fingerprint depend on, and of the one with the origin's secret. */
export function countedHeaders({ tenant, policy }: { tenant: Counting; policy: Policy }): ReadonlySet<string> {
  const { callers, callersBefore, origin } = tenant;
  const before = known.get(policy);
  const isKnown =
    before?.by.callers === callers && before.by.callersBefore === callersBefore && before.by.origin === origin;
  if (isKnown) return before.names;
  const names = namesOf(tenant, policy);
  known.set(policy, { by: { callers, callersBefore, origin }, names });
  return names;
}

function namesOf({ callers, callersBefore, origin }: Counting, policy: Policy): ReadonlySet<string> {
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
export function unreadableHeader(headers: Iterable<HeaderPair>, counted: ReadonlySet<string>): Refusal | null {
  for (const [name, value] of headers) {
    if (!value.includes(REPLACEMENT) || !counted.has(name)) continue;
    return refuse(
      "header_unreadable",
      `The header ${name} must be valid UTF-8, without the character U+FFFD. Nothing was sent to the origin. Correct it and use a new key.`,
    );
  }
  return null;
}
