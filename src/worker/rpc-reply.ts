/** The reply to JSON-RPC calls, where the answer was made for another sending of them (docs/protocol.md 3.13). */

import { type AnswerReply, type Reply } from "../call/call.ts";
import { contentCoding } from "../http/answer-coding.ts";
import { type Refusal } from "../http/problem.ts";
import { otherTypeOf, textOfName } from "../identity/json-rpc.ts";
import { essenceOf } from "../identity/media-type.ts";
import { refusal } from "../key-object/reply.ts";
import { type RpcCall } from "../record/record.ts";
import { type RpcChange, RpcRewriter, concatenated } from "./rpc-rewriter.ts";

/** They describe the bytes of the answer as it was. */
const OF_FORMER_BYTES: ReadonlySet<string> = new Set([
  "content-length",
  "etag",
  "content-digest",
  "repr-digest",
  "digest",
  "content-md5",
]);

/** In place of the token of a call that now has none: otherwise it could be that of another call. Clients ignore unknown ones. */
const NO_TOKEN = '"oncegate:no-progress"';

const NO_CALL: RpcCall = { id: null, token: null };

/** `own` are the calls of the request at hand; undefined where it was not read as JSON-RPC. */
export function replyToCalls(reply: Reply | Refusal, own: readonly RpcCall[] | undefined): Reply | Refusal {
  if (reply.kind !== "answer" || reply.calls === undefined || own === undefined) return reply;
  const change = changeBetween(reply.calls, own);
  return change === null ? reply : changed(reply, change);
}

/** Null where the calls have the same names. Equal fingerprints have made sure that there are as many of both. */
function changeBetween(made: readonly RpcCall[], own: readonly RpcCall[]): RpcChange | null {
  const ids = new Map<string, string>();
  const tokens = new Map<string, string>();
  for (const [index, { id, token }] of made.entries()) {
    const call = own[index] ?? NO_CALL;
    if (id !== null && call.id !== null && call.id !== id) ids.set(id, textOfName(call.id));
    if (token !== null && call.token !== token)
      tokens.set(token, call.token === null ? NO_TOKEN : textOfName(call.token));
  }
  const names = { ids: made.map(({ id }) => id), tokens: made.map(({ token }) => token) };
  addOtherTypes(ids, names.ids);
  addOtherTypes(tokens, names.tokens);
  return ids.size + tokens.size === 0 ? null : { ids, tokens };
}

/** Official SDKs of MCP read a number and the string of its digits as one, so servers may answer with either. */
function addOtherTypes(changes: Map<string, string>, made: readonly (string | null)[]): void {
  for (const [name, text] of changes) {
    const other = otherTypeOf(name);
    // It may be the name of another call.
    if (other !== null && !made.includes(other)) changes.set(other, text);
  }
}

function changed(reply: AnswerReply, change: RpcChange): Reply {
  // The bytes of a coded one can't be changed.
  if (contentCoding(valueOf(reply, "content-encoding")).kind !== "none") return unchangeable(reply);
  const rewriter = new RpcRewriter(change, essenceOf(valueOf(reply, "content-type")) === "text/event-stream");
  const headers = reply.headers.filter(([name = ""]) => !OF_FORMER_BYTES.has(name.toLowerCase()));
  if (reply.body instanceof ReadableStream) {
    return { ...reply, headers, body: reply.body.pipeThrough(streamBy(rewriter)), bodyBytes: null };
  }
  const body = wholeBy(rewriter, reply.body);
  return body === null ? unchangeable(reply) : { ...reply, headers, body, bodyBytes: body.byteLength };
}

function valueOf({ headers }: AnswerReply, field: string): string | null {
  return headers.find(([name]) => name?.toLowerCase() === field)?.[1] ?? null;
}

/** Unchanged, it would be the answer to another call. */
function unchangeable({ seat, waited }: AnswerReply): Reply {
  seat?.[Symbol.dispose]();
  return { ...refusal("replay_unavailable"), waited };
}

/** Null where it can't be changed. */
function wholeBy(rewriter: RpcRewriter, answer: Uint8Array): Uint8Array | null {
  try {
    return concatenated([rewriter.push(answer), rewriter.end()]);
  } catch {
    // A number in the place of an id is too long to be compared.
    return null;
  }
}

function streamBy(rewriter: RpcRewriter): TransformStream<Uint8Array, Uint8Array> {
  return new TransformStream({
    transform: (piece, controller) => enqueue(rewriter.push(piece), controller),
    flush: (controller) => enqueue(rewriter.end(), controller),
  });
}

/** A stream of bytes takes no empty piece. */
function enqueue(bytes: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void {
  if (bytes.byteLength > 0) controller.enqueue(bytes);
}
