/**
 * The session of a signed-in operator: a signed value that needs no storage. It is signed with the token that was presented,
 * for one hostname and a limited time. It doesn't reveal the token, and it ends when the token changes.
 */

import * as v from "valibot";
import { type Role, type Tokens } from "../config/operator-token.ts";
import { OPERATOR_NAME } from "../operator/requests.ts";
import { isEqual } from "../operator/tokens.ts";

/** A working day. */
export const SESSION_MS = 8 * 60 * 60 * 1000;

/** A name has at most 100 characters, and every other part is short. */
const SEALED_CHARACTERS_MAX = 500;

export interface Session {
  readonly role: Role;
  /** The name that the operator gave; null if none. It is not verified. */
  readonly operator: string | null;
  readonly untilMs: number;
  /** Each form of the session carries it. No other page can know it. */
  readonly csrf: string;
}

const CONTENT = v.strictObject({
  id: v.string(),
  role: v.picklist(["operator", "tenant"]),
  operator: v.nullable(v.pipe(v.string(), v.regex(OPERATOR_NAME))),
  until: v.number(),
});

type Content = v.InferOutput<typeof CONTENT>;

const encoder = new TextEncoder();

/** Signs a session for the operator who presented the token of `role`. `id` makes each session unique. */
export async function sealSession(
  tokens: Tokens,
  hostname: string,
  content: Pick<Content, "id" | "role" | "operator">,
  nowMs: number,
): Promise<string> {
  const text = encodeBase64Url(encoder.encode(JSON.stringify({ ...content, until: nowMs + SESSION_MS })));
  return `${text}.${encodeBase64Url(await mac(tokens[content.role] ?? "", "session", hostname, text))}`;
}

/** Null if the session has expired, or isn't signed for this hostname with a token that is valid today. */
export async function openSession(
  tokens: Tokens,
  hostname: string,
  sealed: string,
  nowMs: number,
): Promise<Session | null> {
  const [text = "", seal = "", ...more] = sealed.split(".");
  if (sealed.length > SEALED_CHARACTERS_MAX || more.length > 0) return null;
  const content = unverifiedContent(text);
  const token = content === null ? null : tokens[content.role];
  if (content === null || token === null) return null;
  const expected = encodeBase64Url(await mac(token, "session", hostname, text));
  if (!(await isEqual(seal, expected)) || nowMs >= content.until) return null;
  const csrf = encodeBase64Url(await mac(token, "form", hostname, text));
  return { role: content.role, operator: content.operator, untilMs: content.until, csrf };
}

/** The content of a session whose signature is not checked yet; null if it can't be decoded. */
function unverifiedContent(text: string): Content | null {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
    const result = v.safeParse(CONTENT, JSON.parse(new TextDecoder().decode(bytes)));
    return result.success ? result.output : null;
  } catch {
    // Neither base64 nor JSON: the gateway did not make it.
    return null;
  }
}

/** No part contains a line break, so two different inputs never make the same message. */
async function mac(token: string, purpose: "session" | "form", hostname: string, text: string): Promise<Uint8Array> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(token), algorithm, false, ["sign"]);
  const message = `oncegate console ${purpose}\n${hostname}\n${text}`;
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(message)));
}

function encodeBase64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
