/** A refusal in the form of JSON-RPC (jsonrpc.org/specification, 5.1): one error for each call of the request. */

/** The calls that are refused. */
export interface RefusedCalls {
  /** JSON texts. */
  readonly ids: readonly string[];
  readonly isBatch: boolean;
  /** The `Accept` of the request. */
  readonly accept: string | null;
}

export interface RpcProblem {
  /** The status that the refusal has without JSON-RPC. It is an application's own number, outside of those that are reserved. */
  readonly status: number;
  readonly detail: string;
  /** The whole problem (RFC 9457). */
  readonly data: object;
}

export function rpcError(
  { ids, isBatch, accept }: RefusedCalls,
  { status, detail, data }: RpcProblem,
): { readonly mediaType: string; readonly body: string } {
  const error = JSON.stringify({ code: status, message: detail, data });
  // An id is JSON already, of any number of digits.
  const responses = ids.map((id) => `{"jsonrpc":"2.0","id":${id},"error":${error}}`);
  const text = isBatch ? `[${responses.join(",")}]` : responses.join("");
  return takesEventsOnly(accept)
    ? { mediaType: "text/event-stream", body: `event: message\ndata: ${text}\n\n` }
    : { mediaType: "application/json", body: text };
}

/** A client of MCP accepts both (Streamable HTTP, "Sending Messages"). */
function takesEventsOnly(accept: string | null): boolean {
  const ranges = (accept ?? "").toLowerCase();
  return ranges.includes("text/event-stream") && !/application\/(?:json|\*)|\*\/\*/.test(ranges);
}
