/** Requests and their fingerprints, for the tests of the fingerprint. */

import { type RequestBody } from "../../../src/http/body.ts";
import { sha256 } from "../../../src/identity/digest.ts";
import { fingerprint, type FingerprintSettings, resolveFingerprint } from "../../../src/identity/fingerprint.ts";
import { parseJsonBytes } from "../../../src/identity/json.ts";
import { type JsonPointer } from "../../../src/identity/json-pointer.ts";
import { parseMediaType } from "../../../src/identity/media-type.ts";
import { type Fingerprint } from "../../../src/record/record.ts";

interface TestRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly contentType: string | null;
  readonly ifMatch: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

const CHARGE: TestRequest = {
  method: "POST",
  path: "/v1/charges",
  query: "",
  contentType: "application/json",
  ifMatch: null,
  headers: {},
  body: '{"amount":100,"currency":"eur"}',
};

/** The differences from a plain charge. */
export type Change = Partial<TestRequest>;

export const PLAIN: FingerprintSettings = { body: "json", ignore: [], only: null, headers: [] };

export async function identityOf(
  change: Change,
  settings: Partial<FingerprintSettings> = {},
  carriers: readonly JsonPointer[] = [],
): Promise<Fingerprint> {
  const { contentType, ifMatch, body: content, headers: more, ...line } = { ...CHARGE, ...change };
  const headers = new Headers(more);
  if (contentType !== null) headers.set("content-type", contentType);
  if (ifMatch !== null) headers.set("if-match", ifMatch);
  const body = await bodyOf(content);
  const json = parseMediaType(contentType).isJson ? parseJsonBytes(body.bytes) : null;
  return fingerprint({ ...line, headers, body, json }, resolveFingerprint({ ...PLAIN, ...settings }, carriers));
}

async function bodyOf(content: string | Uint8Array): Promise<RequestBody> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { bytes, sha256: await sha256(bytes) };
}
