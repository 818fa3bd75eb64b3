/** Finds the journal of a hostname. */

import { areSet, tokensOf } from "../config/operator-token.ts";
import { type Placement } from "../config/policy.ts";
import { tenantOf } from "../config/tenants.ts";
import { isRefusal } from "../http/problem.ts";
import { objectOf } from "../call/object-stub.ts";
import { type Journal } from "./journal.ts";

export function journalOf(env: Env, hostname: string, placement: Placement): DurableObjectStub<Journal> {
  return objectOf(env.JOURNALS, hostname, placement);
}

/** The placement of a hostname's journal, for an object that knows only the hostname. Null if the hostname has no operators. */
export async function journalPlacement(env: object, hostname: string): Promise<Placement | null> {
  const tenant = await tenantOf(env, hostname);
  return !isRefusal(tenant) && areSet(tokensOf(env, tenant)) ? tenant.placement : null;
}
