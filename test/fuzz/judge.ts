/**
 * What must hold whatever bytes a client sends (docs/protocol.md 2 and 6): no fault of the gateway's own, no second
 * execution, no other caller's answer. Judged by what was sent, what the origin received and what came back.
 */

import { type Echo, type Received, digestOf, fieldOf } from "./origin.ts";
import { countedAt, hasKeysInBodies } from "./tenants.ts";
import { type Answer, type Exchange } from "./wire.ts";

/** The codes of docs/protocol.md 6.4, with their statuses. An origin that is well causes no other 5xx than the first four. */
const DOCUMENTED: Readonly<Record<string, number>> = {
  loop_detected: 508,
  caller_unverifiable: 503,
  overloaded: 503,
  unavailable: 503,
};

/** The runtime's own refusals of what is no HTTP: they begin so, and no Worker has seen the request. */
const BY_RUNTIME = /^ERROR: /;

/** Every breach that shows in one exchange. `sent` is all that went over the connection. */
export function breachesIn(sent: Buffer, { answers, rest, ended }: Exchange): string[] {
  const text = sent.toString("latin1");
  const found = answers.flatMap((answer) => [...faults(answer, text), ...leaks(answer, text)]);
  if (!ended) found.push("the connection was neither answered nor ended");
  if (rest !== "" && ended) found.push(`an answer was cut: ${JSON.stringify(rest.slice(0, 100))}`);
  return found;
}

function faults({ status, fields, body }: Answer, sent: string): string[] {
  if (status < 500 || fields.has("x-origin")) return [];
  // 3.2.4: the open-source runtime refuses a tunnel itself.
  if (status === 500 && sent.startsWith("CONNECT ") && !fields.has("content-type")) return [];
  if ((status === 501 || status === 505) && BY_RUNTIME.test(body)) return [];
  const code = /"code":"(\w+)"/.exec(body)?.[1] ?? "no code";
  const isOwn = fields.get("content-type")?.endsWith("json") === true;
  if (isOwn && DOCUMENTED[code] === status) return [];
  // 3.3.4: an upload without a key streams, and takes its connection to the origin along when it breaks off.
  if (code === "origin_unreachable" && !fields.has("idempotency-status")) return [];
  return [`${status} ${code} of the gateway's own: ${JSON.stringify(body.slice(0, 200))}`];
}

/** The request that caused the run, as the origin's answer repeats it; null where the answer is not the origin's. */
export function echoIn({ fields, body }: Answer): Echo | null {
  if (!fields.has("x-origin") || body === "") return null;
  return JSON.parse(body) as Echo;
}

/** An answer repeats what told the caller of the request that ran: the client must have sent the very same bytes. */
function leaks(answer: Answer, sent: string): string[] {
  const echo = echoIn(answer);
  if (echo === null) return [];
  return countedAt(echo.host ?? "")
    .filter((what) => !wasSent(echo[what] ?? "", sent))
    .map((what) => `an answer to the ${what} ${JSON.stringify(echo[what])}, which the client did not send`);
}

/**
 * But for white space and letter case, which a reader may change in part. Lines of one name are joined by commas, and bytes that are
 * no UTF-8 are replaced by the three of U+FFFD on their way through the platform.
 */
function wasSent(value: string, sent: string): boolean {
  const bare = (text: string): string => text.replaceAll(/[ \t\r\n]/g, "").toLowerCase();
  return value.split(/[,;]|\xef\xbf\xbd/).every((part) => bare(sent).includes(bare(part)));
}

/** Every second execution of one (tenant, operation, caller, key) among `received`, of whose runs `isReleased` had no effect. */
export function secondExecutions(received: readonly Received[], isReleased: (one: Received) => boolean): string[] {
  const runs = new Map<string, number>();
  for (const one of received) {
    if (fieldOf(one, "oncegate-attempt") === null || isReleased(one)) continue;
    const name = JSON.stringify(recordOf(one));
    runs.set(name, (runs.get(name) ?? 0) + 1);
  }
  return [...runs].filter(([, count]) => count > 1).map(([name, count]) => `${count} executions of ${name}`);
}

/** By what a record is named. A derived key is made of the whole request. */
function recordOf(one: Received): readonly (string | null)[] {
  const [path = "", query = ""] = one.target.split("?");
  const tenant = fieldOf(one, "x-forwarded-host");
  const credentials = ["authorization", "cookie", "x-user"].map((name) => fieldOf(one, name));
  const key = keyOf(one);
  const record = [
    tenant,
    one.method,
    path,
    canonicalCredential(credentials[0] ?? null),
    credentials[1],
    credentials[2],
  ];
  return [...record, ...(key === null ? [query, digestOf(one.body)] : [key])].map((part) => part ?? null);
}

function keyOf(one: Received): string | null {
  const field = fieldOf(one, "idempotency-key");
  if (field !== null) return /^"(.*)"$/.exec(field)?.[1] ?? field;
  if (!hasKeysInBodies(fieldOf(one, "x-forwarded-host") ?? "")) return null;
  try {
    const key = (JSON.parse(one.body.toString("latin1")) as Record<string, unknown> | null)?.["idempotency_key"];
    return typeof key === "string" ? key : null;
  } catch {
    // Not JSON: a key can't have been in it.
    return null;
  }
}

/** RFC 9110, 11.1: the scheme has no letter case, and what follows it stands behind blanks. */
function canonicalCredential(value: string | null): string | null {
  const [, scheme, rest] = /^([^ ]+) +(.*)$/.exec(value ?? "") ?? [];
  return scheme === undefined ? value : `${scheme.toLowerCase()} ${rest}`;
}
