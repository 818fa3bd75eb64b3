/** Finds the journal of an entry. */

import { objectOf } from "../call/object-stub.ts";
import { journalPlaceOf } from "../config/operator-token.ts";
import { type JournalPlace } from "../config/policy.ts";
import { tenantOf } from "../config/tenants.ts";
import { isRefusal } from "../http/problem.ts";
import { type Journal } from "./journal.ts";

export function journalOf(env: Env, { entry, placement }: JournalPlace): DurableObjectStub<Journal> {
  return objectOf(env.JOURNALS, entry, placement);
}

/** The place of a hostname's journal, for an object that knows only the hostname. Null if the hostname has no operators. */
export async function journalPlace(env: object, hostname: string): Promise<JournalPlace | null> {
  const tenant = await tenantOf(env, hostname);
  return isRefusal(tenant) ? null : journalPlaceOf(env, tenant);
}
