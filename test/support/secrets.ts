/** `SECRETS` for tests that are not about it. */

import { isTable } from "../../src/identity/json.ts";

interface Listing {
  readonly purpose: string;
  readonly hostnames: string[];
}

/** Lists each secret that an entry of `tenants` names, for that purpose and entry, and `OPERATOR_TOKEN` for all hostnames. */
export function secretsNamedBy(tenants: Readonly<Record<string, unknown>>): Record<string, Listing> {
  const listed: Record<string, Listing> = { OPERATOR_TOKEN: { purpose: "operator_token", hostnames: ["*"] } };
  for (const [entry, fields] of Object.entries(tenants)) {
    for (const [name, purpose] of namedIn(fields)) (listed[name] ??= { purpose, hostnames: [] }).hostnames.push(entry);
  }
  return listed;
}

function namedIn(fields: unknown): [name: string, purpose: string][] {
  if (!isTable(fields)) return [];
  const { origin_auth: auth, operator_token: token, caller, caller_was: was } = fields;
  const items: unknown[] = [caller, isTable(was) ? was["caller"] : null].flat();
  return [
    ...nameIn(auth, "origin_auth"),
    ...nameIn(token, "operator_token"),
    ...items.flatMap((item) => (isTable(item) ? nameIn(item["jwt"], "jwt") : [])),
  ];
}

function nameIn(written: unknown, purpose: string): [string, string][] {
  const name = isTable(written) ? written["secret"] : typeof written === "string" ? written.split(":")[1] : null;
  return typeof name === "string" && /^\w+$/.test(name) ? [[name, purpose]] : [];
}
