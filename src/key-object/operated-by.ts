/** Who operates on a record, and what comes of it (docs/operator-api.md O1). */

import { type Role } from "../config/operator-token.ts";
import { type JournalPlace } from "../config/policy.ts";
import { type OperateRefusal } from "../record/operate.ts";
import { type Found } from "./record-store.ts";

/** Who acts on a record: with the Worker's own token, or with that of a tenant. */
export interface OperatedBy {
  /** The hostname of the record. The operator's token is valid for it. */
  readonly tenant: string;
  readonly journal: JournalPlace;
  readonly role: Role;
}

/** The result of an operator's command, with the states of the record before and after. */
export type Operation =
  | { readonly done: true; readonly before: string; readonly after: string }
  | { readonly done: false; readonly before: string; readonly refusal: OperateRefusal };

/**
 * Null where the operator may act. A tenant that can't be read may be any: then the record's id, which is the object's name, is
 * enough for the Worker's own token, which is valid for every tenant.
 */
export function refusalByScope(found: Found | null, tenant: string, role: Role): OperateRefusal | null {
  if (found === null) return "no_record";
  if (found.tenant === null) return role === "operator" ? null : "operator_only";
  return found.tenant === tenant ? null : "no_record";
}
