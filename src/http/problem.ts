/** A refusal of the gateway as a value, and its form on the wire (docs/protocol.md 6.3 to 6.5). */

import { ERROR_FORMATS, type ErrorFormat, type ProblemContent } from "./error-formats.ts";
import { PROBLEMS, type ProblemCode } from "./problem-codes.ts";
import { type ProblemType } from "./problem-type.ts";
import { type RefusedCalls, rpcError } from "./rpc-error.ts";

/** How refusals are written: the dialect that an API's clients expect. */
export interface ErrorRules {
  readonly errors: ErrorFormat;
  /** In place of the problem's own status. */
  readonly errorStatus: Readonly<Partial<Record<ProblemCode, number>>>;
  /** In place of the problem's own code. */
  readonly errorCode: Readonly<Partial<Record<ProblemCode, string>>>;
  /** The JSON-RPC calls that are refused, where they are known. `errors` is not used then. */
  readonly refusedCalls?: RefusedCalls | null;
}

/** An expected refusal: the one error that a step returns. `problemResponse` puts it on the wire. */
export interface Refusal {
  readonly kind: "problem";
  readonly code: ProblemCode;
  /** Replaces the code's own detail where something more exact is known. */
  readonly detail?: string;
  /** Replaces the code's own. With it, sending the same request again can help, whatever is true of the code otherwise. */
  readonly retryAfterSeconds?: number;
  /** The credential was valid until it expired, so the caller that it names may have records. */
  readonly hasLapsed?: true;
  /** The value of `WWW-Authenticate` (RFC 9110, 11.6.1). */
  readonly challenge?: string;
  /** A UUID, which is in the log too. Set where a line has been written already. */
  readonly instance?: string;
}

/** A refusal that can be found in the log. */
export type IdentifiedRefusal = Refusal & { readonly instance: string };

/** Each refusal gets its id once, before it is written and logged. */
export function identified(refusal: Refusal): IdentifiedRefusal {
  const { instance = crypto.randomUUID() } = refusal;
  return { ...refusal, instance };
}

/** An id as `instance` has it, in answers and in the log. */
export function instanceUri(uuid: string): string {
  return `urn:uuid:${uuid}`;
}

export function refuse(code: ProblemCode, detail?: string): Refusal {
  return detail === undefined ? { kind: "problem", code } : { kind: "problem", code, detail };
}

/** `id` is in the log line that has the cause. */
export function refuseWithId(code: ProblemCode, id: string): Refusal {
  return { ...refuse(code, `${PROBLEMS[code].detail} The gateway's log has the cause under ${id}.`), instance: id };
}

export function isRefusal(value: unknown): value is Refusal {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "problem";
}

/** The status and the code under which `rules` have a refusal written. */
export function writtenAs(
  code: ProblemCode,
  { errorStatus, errorCode }: Pick<ErrorRules, "errorStatus" | "errorCode">,
): { readonly status: number; readonly code: string } {
  return { status: errorStatus[code] ?? PROBLEMS[code].status, code: errorCode[code] ?? code };
}

/**
 * The response for `refusal`, written by `rules`. `url` is the request's: `type` has its scheme and host. Null where the
 * request has no URL.
 */
export function problemResponse(
  { code, detail, retryAfterSeconds, challenge, instance }: IdentifiedRefusal,
  url: URL | null,
  rules: ErrorRules = PLAIN_RULES,
): Response {
  const problem: ProblemType = PROBLEMS[code];
  const retryable = problem.retryable || retryAfterSeconds !== undefined;
  const written = writtenAs(code, rules);
  const headers = new Headers({
    "cache-control": "no-store",
    ...shouldRetry(retryable),
  });
  if (challenge !== undefined) headers.set("www-authenticate", challenge);
  const waitSeconds = retryAfterSeconds ?? problem.retryAfterSeconds;
  if (waitSeconds !== undefined) headers.set("retry-after", String(waitSeconds));
  // `type` keeps the gateway's own code, since that is the anchor of the page that explains it.
  const about = { type: problemType(code, url), detail: detail ?? problem.detail, instance: instanceUri(instance) };
  const content = { ...problem, ...written, retryable, ...about };
  const calls = rules.refusedCalls ?? null;
  const { mediaType, body } = calls === null ? errorIn(rules.errors, content) : errorOfCalls(calls, content);
  headers.set("content-type", mediaType);
  // Clients of JSON-RPC read an error from a 200 only, and a challenge from its own status.
  const status = calls === null || challenge !== undefined ? written.status : 200;
  return new Response(body, { status, headers });
}

function errorIn(format: ErrorFormat, content: ProblemContent): ReturnType<typeof rpcError> {
  const { mediaType, body } = ERROR_FORMATS[format];
  return { mediaType, body: JSON.stringify(body(content)) };
}

function errorOfCalls(calls: RefusedCalls, content: ProblemContent): ReturnType<typeof rpcError> {
  const { status, detail } = content;
  return rpcError(calls, { status, detail, data: ERROR_FORMATS.problem.body(content) });
}

/** Where no tenant's rules are known. */
export const PLAIN_RULES: ErrorRules = { errors: "problem", errorStatus: {}, errorCode: {} };

export function problemType(code: string, url: URL | null): string {
  if (url === null) return "about:blank";
  return `${url.protocol}//${url.host}/.well-known/idempotency#${code}`;
}

/** A problem with no more in it than its status (RFC 9457, 4.2.1). */
export function plainProblem(
  status: number,
  title: string,
  headers: Record<string, string> = {},
  members: { readonly instance?: string } = {},
): Response {
  const fields = { ...headers, "content-type": "application/problem+json", "cache-control": "no-store" };
  return new Response(JSON.stringify({ type: "about:blank", title, status, ...members }), { status, headers: fields });
}

/** The headers by which Stripe's SDKs and those made by Stainless decide whether to retry by themselves. */
export function shouldRetry(retryable: boolean): Record<string, string> {
  return { "x-should-retry": String(retryable), "stripe-should-retry": String(retryable) };
}
