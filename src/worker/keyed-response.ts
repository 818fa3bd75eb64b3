/** A key object's reply → the response that the client gets (docs/protocol.md 6). */

import { type AnswerReply, type Mark, type RefusalReply, type Reply } from "../call/call.ts";
import { type Policy } from "../config/policy.ts";
import { appendTo } from "../http/headers.ts";
import { type ErrorRules, problemResponse, refuse, refuseWithId, shouldRetry } from "../http/problem.ts";
import { type Key } from "../identity/key-carrier.ts";
import { hasNoBody } from "../record/outcome-rule.ts";
import { type TombstoneCause, unreachable } from "../record/record.ts";
import { type IdentifiedReply } from "./identified-reply.ts";

/** The part of a request that its response depends on. */
export interface RepliedRequest {
  readonly url: URL;
  readonly policy: ErrorRules & Pick<Policy, "replayedHeader">;
  readonly key: Pick<Key, "echo" | "isDerived">;
  /** The client's own wait, where it was granted. */
  readonly waitSeconds: number | null;
}

const REFUSED: Mark = { status: "refused", recordedAtMs: null, expiresAtMs: null };

export function keyedResponse(reply: IdentifiedReply, request: RepliedRequest): Response {
  switch (reply.kind) {
    case "problem":
      return withMark(problemResponse(reply, request.url, request.policy), REFUSED, request);
    case "refusal":
      return withMark(withWait(refusalResponse(reply, request), reply, request), reply.mark, request);
    case "answer":
      return withMark(withWait(answerResponse(reply, request), reply, request), reply.mark, request);
    default:
      return unreachable(reply);
  }
}

function refusalResponse(
  { code, faultId, cause, instance, retryAfterSeconds, mark }: Extract<IdentifiedReply, RefusalReply>,
  { url, policy, key }: RepliedRequest,
): Response {
  const again = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
  const ofDerived = key.isDerived ? DERIVED_DETAILS.get(code) : cause && tombstoneDetail(cause);
  const own = code === "on_hold" && mark.status === "unknown" ? HELD_AFTER_ATTEMPT : ofDerived;
  const detail = retryAfterSeconds === undefined ? own : AGAIN_DETAILS.get(code);
  const refusal = faultId === undefined ? refuse(code, detail) : refuseWithId(code, faultId);
  return problemResponse({ ...refusal, ...again, instance }, url, policy);
}

/** Where the same request can do more after a while. */
const AGAIN_DETAILS: ReadonlyMap<RefusalReply["code"], string> = new Map([
  [
    "outcome_unknown",
    "The request with this key was sent to the origin, and it is not known whether it took effect. The origin is asked again when the same request comes after the time in Retry-After. A new key would risk a second run.",
  ],
]);

/** The code's own would not do: what it says of this request is not true of the operation. */
const HELD_AFTER_ATTEMPT =
  "The operator of this API holds back what is new for now. An earlier request with this key was sent to the origin, and it is not known whether it took effect. Send the same request again later with the same key. A new key would risk a second run.";

/** Undefined where the code's own detail is all that is known. */
function tombstoneDetail(cause: TombstoneCause): string | undefined {
  if (cause.kind === "expired") return undefined;
  return `The request with this key ran, but its answer ${reasonOf(cause)}. It is not sent again until the record expires.`;
}

function reasonOf(cause: Exclude<TombstoneCause, { kind: "expired" }>): string {
  switch (cause.kind) {
    case "too large":
      return "was too large to keep";
    case "coded":
      return `had the content coding "${cause.coding}", which is not kept`;
    case "erased":
      return "was erased by an operator";
    default:
      return unreachable(cause);
  }
}

/** For clients that know of no key. */
const DERIVED_DETAILS: ReadonlyMap<RefusalReply["code"], string> = new Map([
  [
    "key_reused",
    "A request that names the same operation was sent a moment ago with other content. Nothing was done. Send an Idempotency-Key of its own if this is another operation.",
  ],
  [
    "outcome_unknown",
    "An equal request was sent to the origin a moment ago, and it is not known whether it took effect. It is not sent again for now. Check the outcome first.",
  ],
]);

function answerResponse(reply: AnswerReply, { policy }: RepliedRequest): Response {
  const { status } = reply;
  const headers = fieldsOf(reply, policy.replayedHeader);
  // Where a coding is left, the body has it already.
  const encodeBody = headers.some(([name]) => name === "content-encoding") ? "manual" : "automatic";
  // The platform refuses to make a response with a body where the status has none.
  const body = hasNoBody(status) ? withoutBody(reply) : passedOn(reply);
  const response = new Response(body, { status, encodeBody });
  appendTo(response.headers, headers);
  return response;
}

/** Of the names in lower case. A field of several values is in several pairs. */
function fieldsOf({ mark, speaker, status, headers }: AnswerReply, replayedHeader: string): string[][] {
  const isRepeated = mark.status === "replayed" || mark.status === "joined";
  const isPointless = (isRepeated && status >= 400) || mark.status === "unknown";
  const own: string[][] = [];
  if (isRepeated) own.push([replayedHeader, "true"]);
  if (speaker === "gateway") own.push(["date", new Date().toUTCString()]);
  // What a retry with the same key would get is known here, and not to the origin. A stored error, and an unknown outcome, do not
  // become better by asking again.
  if (isPointless || (mark.status === "executed" && status >= 500)) own.push(...Object.entries(shouldRetry(false)));
  // The gateway alone marks replays, whatever the header is called.
  const replaced = new Set([replayedHeader, ...own.map(([name = ""]) => name)]);
  // What is stored is of another answer, and of caches that it has passed.
  if (speaker === "gateway") replaced.add("age");
  if (isPointless) replaced.add("retry-after");
  for (const [name = "", value = ""] of headers) if (!replaced.has(name)) own.push([name, value]);
  return own;
}

function withoutBody({ seat }: AnswerReply): null {
  seat?.[Symbol.dispose]();
  return null;
}

/** A stream of known length keeps its `Content-Length`. The seat is held until all of the stream is passed on. */
function passedOn({ body, bodyBytes, seat }: AnswerReply): BodyInit {
  if (!(body instanceof ReadableStream) || (bodyBytes === null && seat === undefined)) return body;
  const { readable, writable } = bodyBytes === null ? new IdentityTransformStream() : new FixedLengthStream(bodyBytes);
  // A broken stream breaks the other side of the pipe as well.
  const leave = (): void => seat?.[Symbol.dispose]();
  body.pipeTo(writable).then(leave, leave);
  return readable;
}

/** Confirms the client's wait where the request has waited (RFC 7240, 3). */
function withWait(response: Response, { waited }: Reply, { waitSeconds }: RepliedRequest): Response {
  if (waited && waitSeconds !== null) response.headers.set("preference-applied", `wait=${waitSeconds}`);
  return response;
}

function withMark(response: Response, mark: Mark, { key }: RepliedRequest): Response {
  if (key.echo !== null) response.headers.set("idempotency-key", key.echo);
  response.headers.set("idempotency-status", serializeMark(mark, key.isDerived));
  return response;
}

/** An RFC 9651 Item. Its parameters are `derived`, which is there or not, and Dates. */
export function serializeMark({ status, recordedAtMs, expiresAtMs }: Mark, isDerived = false): string {
  const derived = isDerived ? "; derived" : "";
  const recorded = recordedAtMs === null ? "" : `; recorded=@${Math.floor(recordedAtMs / 1000)}`;
  const expires = expiresAtMs === null ? "" : `; expires=@${Math.floor(expiresAtMs / 1000)}`;
  return status + derived + recorded + expires;
}
