/**
 * Reads what a JWS in compact form claims (RFC 7515, 7.1), without verifying it: a retry is signed again, with another time and
 * id, and the origin verifies what it receives.
 */

import { base64url } from "jose";
import { type JsonNode, membersOf, parseJsonBytes } from "./json.ts";

export interface Jws {
  readonly claims: JsonNode;
  /** The members of the header that state what the claims are, in canonical form; null where one is absent. */
  readonly kinds: readonly (string | null)[];
}

/** Parsing takes CPU time in proportion to the size. */
const BYTES_MAX = 1_000_000;

/** One pass: no part may contain a dot. The signature of an unsecured one is empty. */
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*$/;

/** The first letter of every encoded JSON object, whatever follows its brace. */
const FIRST_LETTER = 0x65;

/** Null if only a comparison of the bytes is safe: not a JWS, or one whose payload is not its whole content. */
export function readJws(bytes: Uint8Array): Jws | null {
  if (bytes[0] !== FIRST_LETTER || bytes.byteLength > BYTES_MAX) return null;
  const [, head = "", payload = ""] = COMPACT.exec(new TextDecoder().decode(bytes)) ?? [];
  const header = objectIn(head);
  // With `b64` the payload may be unencoded (RFC 7797).
  if (header === null || header.has('"b64"') || !isText(header.get('"alg"'))) return null;
  const claims = objectIn(payload);
  if (claims === null) return null;
  return { claims, kinds: ['"typ"', '"cty"'].map((name) => textIn(header.get(name))) };
}

function objectIn(part: string): ReadonlyMap<string, JsonNode> | null {
  try {
    return membersOf(parseJsonBytes(base64url.decode(part)));
  } catch {
    // Not base64url.
    return null;
  }
}

function isText(node: JsonNode | undefined): boolean {
  return typeof node === "string" && node.startsWith('"');
}

function textIn(node: JsonNode | undefined): string | null {
  return typeof node === "string" ? node : null;
}
