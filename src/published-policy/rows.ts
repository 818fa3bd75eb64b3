/** A published policy in words, field by field. */

import { type Field } from "../config/field.ts";
import { POLICY_FIELDS } from "../config/fields-of-policy.ts";
import { type Policy } from "../config/policy.ts";
import { writeJsonPointer } from "../identity/json-pointer.ts";
import { writeSource } from "../identity/key-carrier.ts";
import { wordsOfFormat } from "../identity/key-format.ts";
import { coveredMethods, effectiveKey } from "./document.ts";
import { ruleWords } from "./outcome-rules.ts";

export interface Row {
  readonly label: string;
  readonly text: string;
}

const KEY = { required: "required", optional: "optional", off: "ignored: no request is covered" };
const KEY_SCOPE = { operation: "one operation", tenant: "all operations together" };
const IN_FLIGHT = { wait: "waits for it and gets its response", refuse: "is refused with in_flight" };
const ON_DISCONNECT = {
  finish: "the attempt goes on, for a retry",
  cancel: "the attempt is cancelled, and its outcome is unknown",
};
const ON_UNKNOWN = {
  refuse: "nothing is sent again: outcome_unknown",
  retry: "the next request with the key is sent again",
  probe: "the origin is asked for the outcome of the request",
};
const RPC = { none: "none", "json-rpc": "JSON-RPC: a retry may have another id, and its response has that id" };
const RPC_ERRORS = "as JSON-RPC errors with HTTP status 200, and a problem document in data; where no call was read, ";
const ERRORS = {
  problem: "as problem documents (RFC 9457)",
  stripe: "as Stripe's error object",
  acp: "as ACP's flat errors",
  ucp: "as UCP's errors",
};

type Words = { readonly [Property in keyof Policy]?: (policy: Policy) => string };

/** The properties whose words don't follow from their unit or their plain value. */
const WORDS: ReadonlyMap<string, (policy: Policy) => string> = new Map(
  Object.entries({
    key: (policy) => KEY[effectiveKey(policy)],
    keyFrom: ({ keyFrom }) => {
      const names = keyFrom.map((carrier) => carrier.map(writeSource).join(" with "));
      return list(names) + (names.length > 1 ? "; the first that is present" : "");
    },
    keyFormat: ({ keyFormat }) => wordsOfFormat(keyFormat),
    keyScope: ({ keyScope }) => KEY_SCOPE[keyScope],
    oneCaller: ({ oneCaller }) => (oneCaller ? "all requests of an operation are one" : "are identified as above"),
    deriveKey: withoutKey,
    methods: (policy) => list(coveredMethods(policy)),
    rpc: ({ rpc }) => RPC[rpc],
    rpcMethods: ({ rpc, rpcMethods }) => (rpc === "none" ? "none" : rpcMethods === null ? "all" : list(rpcMethods)),
    fingerprint: fingerprintWords,
    requestBytesMax: ({ requestBytesMax }) => `at most ${count(requestBytesMax)} bytes with a key`,
    inFlight: ({ inFlight }) => IN_FLIGHT[inFlight],
    // With `refuse`, a retry does not wait, whatever `wait` is.
    waitMs: ({ inFlight, waitMs }) => duration(inFlight === "wait" ? waitMs / 1000 : 0),
    stream: ({ stream }) => (stream ? "as they arrive" : "as a whole, except event streams and NDJSON"),
    onDisconnect: ({ onDisconnect }) => ON_DISCONNECT[onDisconnect],
    outcomes: ({ outcomes: rules }) => (rules.length === 0 ? "none" : rules.map(ruleWords).join("; ")),
    onUnknown: ({ onUnknown }) => ON_UNKNOWN[onUnknown],
    // The limit has no effect without `retry`. A second attempt then needs proof that none before it ran.
    maxAttempts: ({ onUnknown, maxAttempts }) =>
      onUnknown === "retry" ? `at most ${maxAttempts}` : "1, unless it is known that none ran",
    rememberMs: ({ rememberMs }) => (rememberMs === 0 ? "not at all" : duration(rememberMs / 1000)),
    responseBytesMax: ({ responseBytesMax }) =>
      `at most ${count(responseBytesMax)} bytes; larger ones are passed on once`,
    replaySetCookie: ({ replaySetCookie }) => (replaySetCookie ? "is replayed" : "reaches the first client only"),
    replayedHeader: ({ replayedHeader }) => `${replayedHeader}: true`,
    echo: ({ echo }) => list(echo),
    errors: ({ rpc, errors }) => (rpc === "none" ? "" : RPC_ERRORS) + ERRORS[errors],
  } satisfies Words),
);

/** A row for each published field, in the order of the list of fields. */
export function rowsOf(policy: Policy): Row[] {
  const fields: [string, Field][] = Object.entries(POLICY_FIELDS);
  return fields.flatMap(([property, { unit, published }]) => {
    if (published === undefined) return [];
    const words = WORDS.get(property) ?? ((of) => plainWords(Reflect.get(of, property), unit));
    return [{ label: published.label, text: words(policy) }];
  });
}

/** The rows of `policy` that differ from those of `base`. Every policy has the same rows in the same order, so they compare by index. */
export function rowsThatDiffer(policy: Policy, base: Policy): Row[] {
  const before = rowsOf(base);
  return rowsOf(policy).filter(({ text }, index) => text !== before[index]?.text);
}

function plainWords(value: unknown, unit: Field["unit"]): string {
  return unit === "ms" ? duration(Number(value) / 1000) : String(value);
}

function withoutKey(policy: Policy): string {
  const { deriveKey: rule } = policy;
  const key = effectiveKey(policy);
  if (key === "required") return "are refused";
  if (key === "off" || rule === null) return "are passed on, each time";
  const from = rule.from.length === 0 ? "the whole request" : list(rule.from.map(writeSource));
  return `count as one if ${from} is equal within ${duration(rule.windowMs / 1000)}`;
}

function fingerprintWords({ fingerprint: { body, ignore, firstOf, only, headers } }: Policy): string {
  const parts = [
    body === "json"
      ? "method, path, query and the meaning of the body"
      : "method, path, query and the bytes of the body",
    ...(ignore.length > 0 ? [`without ${list(ignore.map(writeJsonPointer))}`] : []),
    ...firstOf.map((members) => `only the first present of ${list(members.map(writeJsonPointer))}`),
    ...(only === null ? [] : [`of the body only ${list(only.map(writeJsonPointer))}`]),
    ...(headers.length > 0 ? [`and the headers ${list(headers)}`] : []),
  ];
  return parts.join("; ");
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "none" : items.join(", ");
}

const UNITS = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
] as const;

/** In whole units only, since a term is exact. */
export function duration(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds >= size && seconds % size === 0) ?? [1, "s"];
  return `${seconds / size} ${unit}`;
}

function count(bytes: number): string {
  return String(bytes).replaceAll(/\B(?=(?:\d{3})+$)/g, " ");
}
