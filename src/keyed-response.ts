/** A key object's reply → the response that the client sees (docs/protocol.md 6). */

import { type AnswerReply, type Mark, type Reply } from "./call.ts";
import { type Refusal, problemResponse, refuse, shouldRetry } from "./http/problem.ts";

/** What of a request its answer needs. */
export interface Asked {
  readonly url: URL;
  /** As sent, for the echo. */
  readonly key: string;
  /** The client's own wait, where it was granted. */
  readonly waitSeconds: number | null;
}

/** RFC 9110, 15: with these there is no content, and the platform refuses to make a response that has some. */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

const REFUSED: Mark = { status: "refused", recordedAtMs: null, expiresAtMs: null };

export function keyedResponse(reply: Reply | Refusal, asked: Asked): Response {
  if ("refusal" in reply) return withMark(problemResponse(reply, asked.url), REFUSED, asked);
  const response = reply.kind === "answer" ? answerResponse(reply) : problemResponse(refuse(reply.code), asked.url);
  if (reply.waited && asked.waitSeconds !== null)
    response.headers.set("preference-applied", `wait=${asked.waitSeconds}`);
  return withMark(response, reply.mark, asked);
}

function answerResponse({ mark, status, headers, body, bodyBytes }: AnswerReply): Response {
  const fields = new Headers();
  for (const [name = "", value = ""] of headers) fields.append(name, value);
  if (mark.status === "replayed" || mark.status === "joined") fields.set("idempotent-replayed", "true");
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
  response.headers.set("idempotency-key", asked.key);
  response.headers.set("idempotency-status", serializeMark(mark));
  return response;
}

/** An RFC 9651 Item whose parameters are Dates. */
export function serializeMark({ status, recordedAtMs, expiresAtMs }: Mark): string {
  const recorded = recordedAtMs === null ? "" : `; recorded=@${Math.floor(recordedAtMs / 1000)}`;
  const expires = expiresAtMs === null ? "" : `; expires=@${Math.floor(expiresAtMs / 1000)}`;
  return status + recorded + expires;
}
