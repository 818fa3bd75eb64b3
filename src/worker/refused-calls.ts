/** The JSON-RPC calls of a request that is refused. */

import { type RefusedCalls } from "../http/rpc-error.ts";
import { textOfName } from "../identity/json-rpc.ts";
import { type Incoming } from "./incoming.ts";

/** Null where they are not known: the body was not read, or has none. The refusal is then written like any other. */
export function refusedCallsOf({ messageIfRead, headers }: Incoming): RefusedCalls | null {
  if (messageIfRead?.kind !== "calls") return null;
  const { calls, isBatch } = messageIfRead;
  const ids = calls.flatMap(({ id }) => (id === null ? [] : [textOfName(id)]));
  return { ids, isBatch, accept: headers.get("accept") };
}
