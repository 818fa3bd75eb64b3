/** What refusals look like in each format (docs/protocol.md 6.5.3). */

import { expect } from "vitest";
import { HOST } from "./gateway.ts";

const AT = `https://${HOST}/.well-known/idempotency`;

/** What a client finds in a refusal: status, media type, and the members that name its reason. */
export async function refusalOf(response: Response) {
  const { status, headers } = response;
  return { status, type: headers.get("content-type"), body: await response.json<Record<string, unknown>>() };
}

export function problem(status: number, code: string) {
  return { status, type: "application/problem+json", body: expect.objectContaining({ status, code }) };
}

const INSTANCE = expect.stringMatching(/^urn:uuid:[0-9a-f-]{36}$/) as unknown;
const WITH_INSTANCE = expect.stringMatching(/^.+ \(urn:uuid:[0-9a-f-]{36}\)$/) as unknown;

export function stripe(status: number, type: string, code: string, anchor = code) {
  const error = { type, code, message: expect.stringMatching(/./), doc_url: `${AT}#${anchor}`, instance: INSTANCE };
  return { status, type: "application/json", body: { error } };
}

export function acp(status: number, code: string, type = "invalid_request") {
  return { status, type: "application/json", body: { type, code, message: WITH_INSTANCE } };
}

export function ucp(status: number, code: string) {
  return { status, type: "application/json", body: { code, content: WITH_INSTANCE } };
}
