/** Reads the form that settles many unknown outcomes. */

import { SETTLE_MANY, type SettleMany } from "../operator/list-requests.ts";
import { type OperatorProblem, invalidRequest, isOperatorProblem } from "../operator/problem.ts";
import { checked } from "../operator/requests.ts";
import { actionIn } from "./form.ts";
import { type Fields } from "./list-query.ts";

/** The fields of the form by those of the filter: `status` is that of the answer to give. */
const FILTER_FIELDS = [
  ["operation", "operation"],
  ["key", "key"],
  ["cause", "cause"],
  ["seen", "status"],
  ["caller", "caller"],
  ["from", "from"],
  ["to", "to"],
] as const;

/** What a step passes on to the next. */
export const CARRIED = [...FILTER_FIELDS.map(([field]) => field), "choice", "status", "type", "body", "why"] as const;

/** The fields of the form for a list's filter. */
export function filterOfMany(filter: Fields): Fields {
  const fields = FILTER_FIELDS.map(([field, name]) => [field, filter[name] ?? ""] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== ""));
}

/** Without a plan, which only a check gives, nothing is done. */
export function settleManyIn(form: URLSearchParams): SettleMany | OperatorProblem {
  const action = actionIn(form);
  if (isOperatorProblem(action)) return action;
  if (action.action !== "settle") return invalidRequest("Choose how to settle.");
  const given = FILTER_FIELDS.map(([field, name]) => [name, (form.get(field) ?? "").trim()]);
  const filter = Object.fromEntries(given.filter(([, value]) => value !== ""));
  const plan = form.get("plan") ?? "";
  const cursor = form.get("cursor") ?? "";
  const step = plan === "" ? { dry_run: true } : { plan, ...(cursor === "" ? {} : { cursor }) };
  return checked({ filter, settle: action.settling, ...step }, SETTLE_MANY);
}
