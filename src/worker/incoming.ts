/** A request on its way in. Its body, document and caller are read at most once, and only where a step needs them. */

import { PIECE_BYTES, type RequestBody, readUpTo } from "../http/body.ts";
import { DigestInPieces, sha256 } from "../identity/digest.ts";
import { unreachable } from "../record/record.ts";
import { type CallerRule, callerOf } from "../identity/caller.ts";
import { type JsonNode, parseJsonBytes } from "../identity/json.ts";
import { parseMediaType } from "../identity/media-type.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { secret } from "../config/bindings.ts";
import { verifiedClaims } from "../identity/verified-claims.ts";

const UNREADABLE =
  "The body may carry a key, and can't be read unambiguously: it must be valid JSON of at most 1 MB, 50,000 values and 64 levels, without duplicate members. Nothing was sent to the origin.";

export class Incoming {
  readonly request: Request;
  readonly #bytesMax: number;
  readonly #env: object;
  #body: Promise<RequestBody | Refusal> | null = null;
  #json: Promise<JsonNode | null | Refusal> | null = null;
  readonly #callers = new Map<CallerRule, Promise<string | Refusal>>();

  /** `env` has the secrets that verify tokens. */
  constructor(request: Request, bytesMax: number, env: object) {
    this.request = request;
    this.#bytesMax = bytesMax;
    this.#env = env;
  }

  /** The caller's digest by `rule`, which is the tenant's present or former one. Verified at most once by each. */
  caller(rule: CallerRule): Promise<string | Refusal> {
    const known = this.#callers.get(rule);
    if (known !== undefined) return known;
    const caller = callerOf(this.request, rule, (token, item) =>
      verifiedClaims(token, item, (name) => secret(this.#env, name)),
    );
    this.#callers.set(rule, caller);
    return caller;
  }

  /** The whole body, or the reason why it can't be read. */
  body(): Promise<RequestBody | Refusal> {
    const { headers, body } = this.request;
    return (this.#body ??= readRequestBody(headers, body, this.#bytesMax));
  }

  /** The digest of the body, where it is known without reading the body for this. */
  async digestIfRead(): Promise<string | null> {
    if (this.#body === null) return this.request.body === null ? "" : null;
    const body = await this.#body;
    return isRefusal(body) ? null : body.sha256;
  }

  /** The meaning of a JSON body; null where it is not JSON, or has no certain meaning. Other bodies stay unread. */
  json(): Promise<JsonNode | null | Refusal> {
    return (this.#json ??= this.#readJson());
  }

  /** Frees the memory of the document, which takes more than its bytes: a request may wait for long. */
  releaseJson(): void {
    this.#json = null;
  }

  /** The same where a key is looked for. A document that can't be read may hold one, so it is refused. */
  async documentWithKey(): Promise<JsonNode | null | Refusal> {
    const json = await this.json();
    if (json !== null || !this.#isJson) return json;
    const body = await this.body();
    if (isRefusal(body)) return body;
    return body.bytes.byteLength === 0 ? null : refuse("key_invalid", UNREADABLE);
  }

  /** The request as it passes through to `url`: with its own stream, or with the body that was read. */
  async passedOn(url: string): Promise<Request | Refusal> {
    // Made from the request itself: a GET with a body can't be made from its parts.
    if (this.#body === null) return new Request(url, this.request);
    const body = await this.#body;
    if (isRefusal(body)) return body;
    const { method, headers } = this.request;
    return new Request(url, { method, headers, body: body.bytes.byteLength > 0 ? body.bytes : null });
  }

  get #isJson(): boolean {
    return parseMediaType(this.request.headers.get("content-type")).isJson;
  }

  async #readJson(): Promise<JsonNode | null | Refusal> {
    if (!this.#isJson) return null;
    const body = await this.body();
    if (isRefusal(body)) return body;
    return parseJsonBytes(body.bytes);
  }
}

/** The whole body of a request and its digest, or the reason why it can't be read. */
export async function readRequestBody(
  headers: Headers,
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<RequestBody | Refusal> {
  const tooLarge = refuse(
    "body_too_large",
    `This operation accepts bodies of at most ${bytesMax} bytes where a key covers them or may be in them. Nothing was sent to the origin.`,
  );
  const declared = headers.get("content-length") ?? "";
  const expectedBytes = /^[0-9]+$/.test(declared) ? Number(declared) : 0;
  // Saves the upload where the client itself declares a length that is too large.
  if (expectedBytes > bytesMax) return tooLarge;
  // For a small body one digest of the whole costs less than a digest stream. Should more arrive than was declared, all of
  // it is digested all the same.
  const digest = body === null || (declared !== "" && expectedBytes <= PIECE_BYTES) ? null : new DigestInPieces();
  const reading = await readUpTo(body, bytesMax, expectedBytes, (piece) => digest?.update(piece));
  switch (reading.end) {
    case "whole":
      return { bytes: reading.bytes, sha256: await (digest === null ? sha256(reading.bytes) : digest.finish()) };
    case "broken":
      return refuse("body_incomplete");
    case "overflowed":
      await reading.rest.cancel().catch(() => {
        // The client is gone already, so there is nothing left to cancel.
      });
      return tooLarge;
    default:
      return unreachable(reading);
  }
}
