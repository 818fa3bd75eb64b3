/**
 * Reads a JSON body as a JSON-RPC 2.0 message (jsonrpc.org/specification), or as a batch of them: what belongs to this sending of a
 * call, and not to the call itself (docs/protocol.md 3.13).
 */

import { type RpcCall } from "../record/record.ts";
import { type JsonPointer, valueAt } from "./json-pointer.ts";
import { type JsonNode, canonicalJson, isElements, parseJson } from "./json.ts";

/** In canonical form. A UUID has 38; the bound limits what a record stores of each. */
const ID_CHARACTERS_MAX = 256;

/** All ids and tokens of a batch are part of its record. */
const BATCH_MESSAGES_MAX = 100;

/** More than any method, or method and tool, that is in use has. Longer ones are not kept: they could take much memory. */
export const CALL_CHARACTERS_MAX = 256;

type CallNames = readonly (readonly string[])[];

/** What the calls of a message are, for routes and `rpc_methods`. */
export interface Called {
  /** Of each call: its method, and its method and tool. */
  readonly names: CallNames;
  /** Methods of the calls in which servers may find another tool, or one where `names` has none. */
  readonly unclear: readonly string[];
}

/** Those of the notifications. Servers run some, and answer none. Null where there are too many to keep their names. */
interface Notified {
  readonly notified: Called | null;
}

export type RpcMessage =
  /** At least one call. In a batch, each message has a place in `calls`; the id of one that is no call is null. */
  | ({
      readonly kind: "calls";
      readonly calls: readonly RpcCall[];
      readonly called: Called;
      readonly isBatch: boolean;
    } & Notified)
  /**
   * The same, with ids or tokens that are too long or equal, or too many messages: such calls can't have a key. `called` is null
   * where there are too many, or some beside them are no messages.
   */
  | ({ readonly kind: "unclear calls"; readonly called: Called | null; readonly isBatch: boolean } & Notified)
  /** A notification, a response, or a batch of these: none of them is answered. */
  | ({ readonly kind: "unanswered" } & Notified)
  /** Not JSON-RPC. */
  | { readonly kind: "other" };

const OTHER: RpcMessage = { kind: "other" };

/** `document` is null where the body can't be read as JSON. */
export function readRpcMessage(document: JsonNode | null): RpcMessage {
  if (document === null) return OTHER;
  if (!isElements(document)) return messageOf([document], false);
  return messageOf(document, true);
}

function messageOf(messages: readonly JsonNode[], isBatch: boolean): RpcMessage {
  const kinds = messages.map(kindOf);
  if (kinds.every((kind) => kind === "other")) return OTHER;
  // An origin that is less strict may find a call in an object or array that is none.
  const isMixed = messages.some((message, index) => kinds[index] === "other" && typeof message !== "string");
  const notified = notifiedIn(messages.filter((_, index) => kinds[index] === "unanswered"));
  if (!kinds.includes("call")) return isMixed ? OTHER : { kind: "unanswered", notified };
  if (isMixed || messages.length > BATCH_MESSAGES_MAX)
    return { kind: "unclear calls", called: null, notified, isBatch };
  const calls = messages.map((message, index): RpcCall => (kinds[index] === "call" ? callOf(message) : NO_CALL));
  const names = [calls.map(({ id }) => id), calls.map(({ token }) => token)];
  const called = calledIn(messages.filter((_, index) => kinds[index] === "call"));
  if (!names.every(areClear)) return { kind: "unclear calls", called, notified, isBatch };
  return { kind: "calls", calls, called, notified, isBatch };
}

function notifiedIn(unanswered: readonly JsonNode[]): Called | null {
  if (unanswered.length > BATCH_MESSAGES_MAX) return null;
  return calledIn(unanswered.filter((message) => valueAt(message, ["method"]) !== undefined));
}

const NO_CALL: RpcCall = { id: null, token: null };

function kindOf(message: JsonNode): "call" | "unanswered" | "other" {
  if (valueAt(message, ["jsonrpc"]) !== '"2.0"' || hasTwins(message)) return "other";
  const method = valueAt(message, ["method"]);
  const id = valueAt(message, ["id"]);
  if (method === undefined) {
    const isResponse = [["result"], ["error"]].some((pointer) => valueAt(message, pointer) !== undefined);
    return isResponse ? "unanswered" : "other";
  }
  if (typeof method !== "string" || !method.startsWith('"') || method.length > CALL_CHARACTERS_MAX) return "other";
  if (hasControls(String(JSON.parse(method)))) return "other";
  if (id === undefined) return "unanswered";
  return isScalarId(id) ? "call" : "other";
}

const MEMBERS: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params", "result", "error"].map(quoted));
const MEMBERS_OF_PARAMS: ReadonlySet<string> = new Set([quoted("name")]);

/** Whether an origin may find another call in it: parsers such as Go's read `Method` as `method`, and those in C a name up to a NUL. */
function hasTwins(message: JsonNode): boolean {
  const params = valueAt(message, ["params"]);
  return hasTwinOf(MEMBERS, message) || (params !== undefined && hasTwinOf(MEMBERS_OF_PARAMS, params));
}

function hasTwinOf(names: ReadonlySet<string>, node: JsonNode): boolean {
  if (typeof node === "string" || isElements(node)) return false;
  return [...node.keys()].some((name) => !names.has(name) && names.has(plainName(name)));
}

/** A NUL in canonical form, and what follows it up to the closing quote. */
const AFTER_NUL = /\\u0000.*(?="$)/s;

function plainName(name: string): string {
  // In upper case first: `\u017f` becomes an `S`, and no other way an `s`.
  return name.replace(AFTER_NUL, "").toUpperCase().toLowerCase();
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

function callOf(message: JsonNode): RpcCall {
  const token = nameAt(message, ["params", "_meta", "progressToken"]);
  return { id: nameAt(message, ["id"]), token: token === "null" ? null : token };
}

/** By which routes and `rpc_methods` name calls: `tools/call`, and `tools/call:create_payment`. */
function calledIn(calls: readonly JsonNode[]): Called {
  const names: string[][] = [];
  const unclear: string[] = [];
  for (const call of calls) {
    const method = stringAt(call, ["method"]) ?? "";
    const tool = stringAt(call, ["params", "name"]);
    const both = `${method}:${tool}`;
    const isTool = tool !== null && both.length <= CALL_CHARACTERS_MAX && !hasControls(tool);
    names.push(isTool ? [method, both] : [method]);
    if (!isTool && mayHaveTool(call)) unclear.push(method);
  }
  return { names, unclear };
}

/** Without a tool that is read as one. Libraries map `["pay", {}]` to the parameters by place, and look up an object by `["pay"]` or `5`. */
function mayHaveTool(call: JsonNode): boolean {
  const params = valueAt(call, ["params"]) ?? "null";
  if (typeof params === "string" || isElements(params)) return params !== "null";
  return valueAt(params, ["name"]) !== undefined;
}

/** A server in C reads a text up to a NUL. */
function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** What is called by each message, whatever it is: two calls for different tools have different texts. */
export function calledText(document: JsonNode): string {
  const messages = isElements(document) ? document : [document];
  const texts = messages.flatMap((message) =>
    [["method"], ["params", "name"]].map((pointer) => canonicalJson(valueAt(message, pointer) ?? "")),
  );
  return JSON.stringify(texts);
}

/** Null where there is no string. */
function stringAt(message: JsonNode, pointer: JsonPointer): string | null {
  const node = valueAt(message, pointer);
  const value: unknown = typeof node === "string" ? JSON.parse(node) : null;
  return typeof value === "string" ? value : null;
}

/** An id or a token, in canonical form. Null where there is none. */
function nameAt(message: JsonNode, pointer: JsonPointer): string | null {
  const value = valueAt(message, pointer);
  return isScalarId(value) ? value : null;
}

/** A string, a number or null. */
function isScalarId(node: JsonNode | undefined): node is string {
  return typeof node === "string" && node !== "true" && node !== "false";
}

/** None is too long, and no two are alike: an answer could not be matched to its call. */
function areClear(names: readonly (string | null)[]): boolean {
  const known = names.filter((name) => name !== null);
  return new Set(known).size === known.length && known.every(({ length }) => length <= ID_CHARACTERS_MAX);
}

/** The members that differ between two sendings of the same calls. */
export function membersOfSending({ calls, isBatch }: Extract<RpcMessage, { kind: "calls" }>): JsonPointer[] {
  return calls.flatMap(({ id }, index) => {
    if (id === null) return [];
    const message = isBatch ? [String(index)] : [];
    return [
      [...message, "id"],
      [...message, "params", "_meta"],
    ];
  });
}

/** Distinguishes a call from a batch, and batches by which of their messages are calls. */
export function shapeOf({ calls, isBatch }: Extract<RpcMessage, { kind: "calls" }>): string {
  return isBatch ? calls.map(({ id }) => (id === null ? "-" : "+")).join("") : "call";
}

/** An exponent beyond this is written as one. */
const DIGITS_MAX = 21;

/** The JSON text of an id or token in canonical form. A parser of integers may not accept the exponent of that. */
export function textOfName(canonical: string): string {
  const match = /^(-?)([0-9]+)e(-?[0-9]+)$/.exec(canonical);
  if (match === null) return canonical;
  const [, sign = "", digits = "", exponent = ""] = match;
  const power = Number(exponent);
  if (power >= 0) return power > DIGITS_MAX ? canonical : sign + digits + "0".repeat(power);
  if (-power > DIGITS_MAX) return canonical;
  const padded = digits.padStart(1 - power, "0");
  return `${sign}${padded.slice(0, power)}.${padded.slice(power)}`;
}

/** Of the canonical form of a number: the string of its digits, and the other way round; null where there is none. */
export function otherTypeOf(canonical: string): string | null {
  if (!canonical.startsWith('"')) return canonical === "null" ? null : JSON.stringify(textOfName(canonical));
  const text = String(JSON.parse(canonical));
  const node = parseJson(text);
  return typeof node === "string" && /^-?[0-9]/.test(node) && textOfName(node) === text ? node : null;
}

/** The id of a response; null where there is none, or it is too long to be that of a call with a key. */
export function responseId(document: JsonNode | null): string | null {
  const id = document === null || kindOf(document) !== "unanswered" ? null : nameAt(document, ["id"]);
  return id !== null && id.length <= ID_CHARACTERS_MAX ? id : null;
}
