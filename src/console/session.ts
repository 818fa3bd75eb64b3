/**
 * Who has signed in, as a value that needs no storage to be believed: sealed with the token that was presented, for one
 * hostname and a time. It is not the token, says nothing of it, and is worth nothing elsewhere or once the secret is changed.
 */

import * as v from "valibot";
import { isEqual } from "../operator/tokens.ts";
import { type Role, type Tokens } from "../config/operator-token.ts";
import { OPERATOR_NAME } from "../operator/requests.ts";

/** A working day. */
export const SESSION_MS = 8 * 60 * 60 * 1000;

/** Names have at most 100 characters, and everything else is short. */
const SEALED_CHARACTERS_MAX = 500;

export interface Session {
  readonly role: Role;
  /** What the operator said to be called; null for nothing. */
  readonly operator: string | null;
  readonly untilMs: number;
  /** What each form of the session has, and no other page can know. */
  readonly csrf: string;
}

const SAID = v.strictObject({
  id: v.string(),
  role: v.picklist(["operator", "tenant"]),
  operator: v.nullable(v.pipe(v.string(), v.regex(OPERATOR_NAME))),
  until: v.number(),
});

type Said = v.InferOutput<typeof SAID>;

const encoder = new TextEncoder();

/** The sealed session of whoever has presented the token of `role`; `id` makes it another one than those before. */
export async function sealSession(
  tokens: Tokens,
  hostname: string,
  said: Pick<Said, "id" | "role" | "operator">,
  nowMs: number,
): Promise<string> {
  const text = encodeBase64Url(encoder.encode(JSON.stringify({ ...said, until: nowMs + SESSION_MS })));
  return `${text}.${encodeBase64Url(await mac(tokens[said.role] ?? "", "session", hostname, text))}`;
}

/** Null where it was not sealed for this hostname with a token that still is one, or is over. */
export async function openSession(
  tokens: Tokens,
  hostname: string,
  sealed: string,
  nowMs: number,
): Promise<Session | null> {
  const [text = "", seal = "", ...more] = sealed.split(".");
  if (sealed.length > SEALED_CHARACTERS_MAX || more.length > 0) return null;
  const said = read(text);
  const token = said === null ? null : tokens[said.role];
  if (said === null || token === null) return null;
  const expected = encodeBase64Url(await mac(token, "session", hostname, text));
  if (!(await isEqual(seal, expected)) || nowMs >= said.until) return null;
  const csrf = encodeBase64Url(await mac(token, "form", hostname, text));
  return { role: said.role, operator: said.operator, untilMs: said.until, csrf };
}

/** What it says of itself, which proves nothing yet. */
function read(text: string): Said | null {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
    const result = v.safeParse(SAID, JSON.parse(new TextDecoder().decode(bytes)));
    return result.success ? result.output : null;
  } catch {
    // Neither base64 nor JSON: nobody here has made it.
    return null;
  }
}

/** None of the parts can have a line break, so none can imitate another's edge. */
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
