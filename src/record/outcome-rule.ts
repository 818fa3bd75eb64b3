/**
 * The outcome rules of a policy (docs/protocol.md 5.2): conditions on an answer, and the outcome where all of them hold. Pure. A
 * condition on a body that can't be read neither holds nor fails, and leaves doubt in all that follows.
 */

/** `final`: it ran, and this is its answer. `not-executed`: it did not run and never will. `unknown`: either is possible. */
export type Outcome = "final" | "not-executed" | "unknown";

export interface OutcomeRule {
  readonly when: Conditions;
  /** The rule does not match where all of these hold. */
  readonly unless: Conditions | null;
  readonly outcome: Outcome;
}

/** All of them must hold. One that is null is not set. */
export interface Conditions {
  readonly statuses: readonly StatusRange[] | null;
  /** Types and subtypes, in lower case. */
  readonly mediaTypes: readonly string[] | null;
  /** `is`: the values, of which it has one; null where any will do. The trailers of gRPC-Web count as headers. */
  readonly header: { readonly name: string; readonly is: readonly string[] | null } | null;
  /** The same for a member of a JSON body. The values are in canonical form. */
  readonly json: { readonly pointer: readonly string[]; readonly is: readonly string[] | null } | null;
  /** The name of a server-sent event. */
  readonly event: string | null;
}

/** Both ends are part of it. */
export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

/** What conditions look at. */
export interface RuledAnswer {
  readonly status: number;
  /** Type and subtype, in lower case; empty where there is none. */
  readonly mediaType: string;
  /** `name` is in lower case. */
  readonly header: (name: string) => string | null;
}

/** What a body shows. Null where it can't be read. */
export interface BodyFacts {
  /** The value at a pointer in canonical form, or "[" where it is no scalar; null where there is none, or it is null. */
  readonly json: ((pointer: readonly string[]) => string | null) | null;
  /** Those of the wanted events that are in it. */
  readonly events: ReadonlySet<string> | null;
  /** The value of a trailer of gRPC-Web, by its name in lower case; null where there is none. */
  readonly trailer: ((name: string) => string | null) | null;
}

/** What conditions look for in a body. */
export interface BodyNeeds {
  readonly json: boolean;
  readonly events: readonly string[];
  /** How the frames with the trailers of gRPC-Web are written; null where none are looked for. */
  readonly trailers: GrpcWebForm | null;
}

export type GrpcWebForm = "binary" | "base64";

export const UNREAD_BODY: BodyFacts = { json: null, events: null, trailer: null };

export const EVENT_STREAM = "text/event-stream";

/** Such as `application/grpc-web+proto`, and the same in base64. */
const GRPC_WEB = /^application\/grpc-web(-text)?(?:$|[+-])/;

/** `open`: the body decides, and has not arrived. `unclear`: the body decides, and can't be read. */
type Verdict = "holds" | "fails" | "open" | "unclear";

/** `doubt`: of the rules that could not be evaluated, whether one has another outcome than `not-executed`. */
type Doubt = "none" | "not-executed" | "other";

/** What the rules make of an answer. `last` is the first rule that matches whatever the body shows; null where none does. */
export interface Ruling {
  /** Rules before `last` that the body decides. */
  readonly open: readonly OutcomeRule[];
  readonly last: OutcomeRule | null;
  readonly doubt: Doubt;
}

/** Null as `body`: it is still to arrive. */
export function rulingOn(rules: readonly OutcomeRule[], answer: RuledAnswer, body: BodyFacts | null): Ruling {
  const open: OutcomeRule[] = [];
  let doubt: Doubt = "none";
  for (const rule of rules) {
    const when = verdictOn(rule.when, answer, body);
    if (when === "fails") continue;
    const unless = rule.unless === null ? "fails" : verdictOn(rule.unless, answer, body);
    if (unless === "holds") continue;
    if (when === "open" || unless === "open") {
      open.push(rule);
      continue;
    }
    // Without its exception, the rule itself is in doubt too.
    if (when === "unclear" || unless === "unclear") doubt = afterDoubt(doubt, rule.outcome);
    if (when === "holds") return { open, last: rule, doubt };
  }
  return { open, last: null, doubt };
}

/** What the body of an answer with this media type must be searched for, before one of `rules` can be decided. */
export function needsOf(rules: readonly OutcomeRule[], mediaType: string): BodyNeeds {
  const conditions = rules.flatMap(({ when, unless }) => (unless === null ? [when] : [when, unless]));
  return {
    json: conditions.some(({ json }) => json !== null),
    events: [...new Set(conditions.flatMap(({ event }) => event ?? []))],
    trailers: conditions.some(({ header }) => header !== null) ? grpcWebForm(mediaType) : null,
  };
}

function afterDoubt(doubt: Doubt, outcome: Outcome): Doubt {
  return doubt === "other" || outcome !== "not-executed" ? "other" : "not-executed";
}

/** One condition that fails is enough, whatever the others are. */
function verdictOn(conditions: Conditions, answer: RuledAnswer, body: BodyFacts | null): Verdict {
  if (!hasStatus(conditions.statuses, answer.status)) return "fails";
  if (conditions.mediaTypes !== null && !conditions.mediaTypes.includes(answer.mediaType)) return "fails";
  const verdicts = [
    headerVerdict(conditions, answer, body),
    jsonVerdict(conditions, answer, body),
    eventVerdict(conditions, answer, body),
  ];
  if (verdicts.includes("fails")) return "fails";
  return verdicts.find((verdict) => verdict !== "holds") ?? "holds";
}

/** Whether `status` is in one of the ranges, of which null has all. */
export function hasStatus(ranges: readonly StatusRange[] | null, status: number): boolean {
  return ranges === null || ranges.some(({ from, to }) => status >= from && status <= to);
}

function headerVerdict({ header }: Conditions, answer: RuledAnswer, body: BodyFacts | null): Verdict {
  if (header === null) return "holds";
  const value = answer.header(header.name);
  const isInHead = value !== null || hasNoBody(answer.status) || grpcWebForm(answer.mediaType) === null;
  if (isInHead) return isOneOf(value, header.is) ? "holds" : "fails";
  if (body === null) return "open";
  if (body.trailer === null) return "unclear";
  return isOneOf(body.trailer(header.name), header.is) ? "holds" : "fails";
}

function grpcWebForm(mediaType: string): GrpcWebForm | null {
  const [found, text] = GRPC_WEB.exec(mediaType) ?? [];
  if (found === undefined) return null;
  return text === undefined ? "binary" : "base64";
}

function jsonVerdict({ json }: Conditions, answer: RuledAnswer, body: BodyFacts | null): Verdict {
  if (json === null) return "holds";
  if (hasNoBody(answer.status)) return "fails";
  if (body === null) return "open";
  if (body.json === null) return "unclear";
  return isOneOf(body.json(json.pointer), json.is) ? "holds" : "fails";
}

function eventVerdict({ event }: Conditions, answer: RuledAnswer, body: BodyFacts | null): Verdict {
  if (event === null) return "holds";
  if (hasNoBody(answer.status) || answer.mediaType !== EVENT_STREAM) return "fails";
  if (body === null) return "open";
  if (body.events === null) return "unclear";
  return body.events.has(event) ? "holds" : "fails";
}

function isOneOf(value: string | null, values: readonly string[] | null): boolean {
  return value !== null && (values === null || values.includes(value));
}

/** RFC 9110, 15.3.5, 15.3.6 and 15.4.5. */
export function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
