/** Requests and their fingerprints, for the tests of the fingerprint. */

import { sha256 } from "../../../src/identity/digest.ts";
import { fingerprint, type FingerprintSettings, resolveFingerprint } from "../../../src/identity/fingerprint.ts";
import { readRpcMessage } from "../../../src/identity/json-rpc.ts";
import { type KeyCarrier } from "../../../src/identity/key-carrier.ts";
import { RequestContent } from "../../../src/identity/request-content.ts";
import { type Fingerprint } from "../../../src/record/record.ts";

interface TestRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly contentType: string | null;
  readonly ifMatch: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  /** A content coding that could not be removed. */
  readonly coding: string | null;
  /** The values that make its key. */
  readonly keyParts: readonly string[];
  /** Whether the policy reads the body as JSON-RPC. */
  readonly isRpc: boolean;
}

const CHARGE: TestRequest = {
  method: "POST",
  path: "/v1/charges",
  query: "",
  contentType: "application/json",
  ifMatch: null,
  headers: {},
  body: '{"amount":100,"currency":"eur"}',
  coding: null,
  keyParts: ["k"],
  isRpc: false,
};

/** The differences from a plain charge. */
export type Change = Partial<TestRequest>;

export const PLAIN: FingerprintSettings = { body: "json", ignore: [], firstOf: [], only: null, headers: [] };

export async function identityOf(
  change: Change,
  settings: Partial<FingerprintSettings> = {},
  carriers: readonly KeyCarrier[] = [],
): Promise<Fingerprint> {
  const { contentType, ifMatch, body, coding, headers: more, isRpc, ...line } = { ...CHARGE, ...change };
  const headers = new Headers(more);
  if (contentType !== null) headers.set("content-type", contentType);
  if (ifMatch !== null) headers.set("if-match", ifMatch);
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const content = new RequestContent({ contentType, bytes, sha256: await sha256(bytes), coding });
  const message = isRpc ? readRpcMessage(content.json) : null;
  return fingerprint({ ...line, headers, content, message }, resolveFingerprint({ ...PLAIN, ...settings }, carriers));
}

/** A JWS in compact form. Nothing verifies it. */
export function jwsOf(claims: string, header: object = { alg: "RS256" }, signature = "c2lnbmVk"): string {
  const encode = (text: string): string => Buffer.from(text).toString("base64url");
  return `${encode(JSON.stringify(header))}.${encode(claims)}.${signature}`;
}
