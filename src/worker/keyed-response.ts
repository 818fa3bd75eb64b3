/** A key object's reply → the response that the client sees (docs/protocol.md 6). */

import { type AnswerReply, type Mark, type RefusalReply, type Reply } from "../call/call.ts";
import { type Policy, type RateLimitRule } from "../config/policy.ts";
import { headersOf } from "../http/headers.ts";
import { type Key } from "../identity/key-carrier.ts";
import { type ErrorRules, type Refusal, problemResponse, refuse, shouldRetry } from "../http/problem.ts";

/** What of a request its answer needs. */
export interface Asked {
  readonly url: URL;
  readonly policy: Pick<Policy, keyof ErrorRules | "replayedHeader">;
  readonly key: Pick<Key, "echo" | "isDerived">;
  readonly quota: Pick<RateLimitRule, "retryAfterSeconds"> | null;
  /** The client's own wait, where it was granted. */
  readonly waitSeconds: number | null;
}

/** RFC 9110, 15: with these there is no content, and the platform refuses to make a response that has some. */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

const REFUSED: Mark = { status: "refused", recordedAtMs: null, expiresAtMs: null };

export function keyedResponse(reply: Reply | Refusal, asked: Asked): Response {
  if ("refusal" in reply) return withMark(problemResponse(reply, asked.url, asked.policy), REFUSED, asked);
  const response = reply.kind === "answer" ? answerResponse(reply, asked) : refusalResponse(reply, asked);
  if (reply.waited && asked.waitSeconds !== null)
    response.headers.set("preference-applied", `wait=${asked.waitSeconds}`);
  return withMark(response, reply.mark, asked);
}

function refusalResponse({ code }: RefusalReply, { url, policy, key, quota }: Asked): Response {
  const detail = key.isDerived ? DERIVED_DETAILS.get(code) : undefined;
  // When a caller may come again is for the tenant to say.
  const wait = code === "quota_exceeded" && quota !== null ? { retryAfterSeconds: quota.retryAfterSeconds } : {};
  return problemResponse({ ...refuse(code, detail), ...wait }, url, policy);
}

/** For clients that know of no key. */
const DERIVED_DETAILS: ReadonlyMap<RefusalReply["code"], string> = new Map([
  [
    "key_reused",
    "A request that names the same operation was sent a moment ago with other content. Nothing was done. Send an Idempotency-Key of its own if this is another operation.",
  ],
  [
    "outcome_unknown",
    "An equal request was sent to the origin a moment ago, and it is not known whether it took effect. It is not sent again for now: find out first what became of it.",
  ],
]);

function answerResponse({ mark, status, headers, body, bodyBytes }: AnswerReply, { policy }: Asked): Response {
  const fields = headersOf(headers);
  // Not the origin's to say, whatever its name.
  fields.delete(policy.replayedHeader);
  if (mark.status === "replayed" || mark.status === "joined") fields.set(policy.replayedHeader, "true");
  if (mark.status === "unknown") {
    for (const [name, value] of Object.entries(shouldRetry(false))) fields.set(name, value);
  }
  return new Response(NULL_BODY.has(status) ? null : sized(body, bodyBytes), { status, headers: fields });
}

/** A stream of known length keeps its `Content-Length`. */
function sized(body: AnswerReply["body"], bodyBytes: number | null): BodyInit {
  if (!(body instanceof ReadableStream) || bodyBytes === null) return body;
  return body.pipeThrough(new FixedLengthStream(bodyBytes));
}

function withMark(response: Response, mark: Mark, asked: Asked): Response {
  const { echo, isDerived } = asked.key;
  if (echo !== null) response.headers.set("idempotency-key", echo);
  response.headers.set("idempotency-status", serializeMark(mark, isDerived));
  return response;
}

/** An RFC 9651 Item; its parameters are `derived`, which is there or not, and Dates. */
export function serializeMark({ status, recordedAtMs, expiresAtMs }: Mark, isDerived = false): string {
  const derived = isDerived ? "; derived" : "";
  const recorded = recordedAtMs === null ? "" : `; recorded=@${Math.floor(recordedAtMs / 1000)}`;
  const expires = expiresAtMs === null ? "" : `; expires=@${Math.floor(expiresAtMs / 1000)}`;
  return status + derived + recorded + expires;
}
