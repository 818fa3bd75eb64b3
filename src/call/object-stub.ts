/** Stubs for a tenant's Durable Objects: where they may be stored, and where they are created. */

import { type Placement } from "../config/policy.ts";

/** The object `name` of a tenant. The same name in another jurisdiction is another object, with its own records. */
export function objectOf<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  name: string,
  { jurisdiction, location }: Placement,
): DurableObjectStub<T> {
  const allowed = jurisdiction === null ? namespace : namespace.jurisdiction(jurisdiction);
  return location === null ? allowed.getByName(name) : allowed.getByName(name, { locationHint: location });
}
