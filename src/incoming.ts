/** A request on its way in. What it says is read at most once, and only if somebody asks for it. */

import { type RequestBody, readRequestBody } from "./http/body.ts";
import { type CallerRule, callerOf } from "./http/caller.ts";
import { type JsonNode, readJsonBytes } from "./http/json.ts";
import { parseMediaType } from "./http/media-type.ts";
import { type Refusal, isRefusal, refuse } from "./http/problem.ts";
import { verifiedClaims } from "./verified-claims.ts";

const UNREADABLE =
  "The body may carry a key, and can't be read without doubt: it must be valid JSON of at most 1 MB, 50,000 values and 64 levels, without duplicate members. Nothing was sent to the origin.";

export class Incoming {
  readonly request: Request;
  readonly #bytesMax: number;
  #body: Promise<RequestBody | Refusal> | null = null;
  #json: Promise<JsonNode | null | Refusal> | null = null;
  readonly #callers = new Map<CallerRule, Promise<string | Refusal>>();

  constructor(request: Request, bytesMax: number) {
    this.request = request;
    this.#bytesMax = bytesMax;
  }

  /** Who sends it by `rule`, which is its tenant's, or was: verified at most once by each. */
  caller(rule: CallerRule): Promise<string | Refusal> {
    const known = this.#callers.get(rule);
    if (known !== undefined) return known;
    const caller = callerOf(this.request, rule, verifiedClaims);
    this.#callers.set(rule, caller);
    return caller;
  }

  /** The whole body, or why it can't be had. */
  body(): Promise<RequestBody | Refusal> {
    const { headers, body } = this.request;
    return (this.#body ??= readRequestBody(headers, body, this.#bytesMax));
  }

  /** What the body digests to, where that is known without reading it for this. */
  async digestIfRead(): Promise<string | null> {
    if (this.#body === null) return this.request.body === null ? "" : null;
    const body = await this.#body;
    return isRefusal(body) ? null : body.sha256;
  }

  /** What the body stands for; null where it is not JSON whose meaning can be told. Other bodies stay unread. */
  json(): Promise<JsonNode | null | Refusal> {
    return (this.#json ??= this.#readJson());
  }

  /** Frees what the document takes, which is more than its bytes: a request may wait for long. */
  letGoOfJson(): void {
    this.#json = null;
  }

  /** The same where a key is looked for: a document that can't be read may have one, so it is refused rather than run. */
  async documentWithKey(): Promise<JsonNode | null | Refusal> {
    const json = await this.json();
    if (json !== null || !this.#isJson) return json;
    const body = await this.body();
    if (isRefusal(body)) return body;
    return body.bytes.byteLength === 0 ? null : refuse("key_invalid", UNREADABLE);
  }

  /** The request as it passes through to `url`: with its own stream, or with what was read of it. */
  async passedOn(url: string): Promise<Request | Refusal> {
    // Made from the request itself, since a GET that has a body could not be made otherwise.
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
    return readJsonBytes(body.bytes);
  }
}
