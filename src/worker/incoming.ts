/** A request on its way in. Its body, document and caller are read at most once, and only where a step needs them. */

import { type BodyBudget, bodyBudget } from "../http/body-budget.ts";
import { type HeldBody } from "../http/held-body.ts";
import { type CallerRule, callerOf } from "../identity/caller.ts";
import { type JsonNode, parseJsonBytes } from "../identity/json.ts";
import { mayBeJson, parseMediaType } from "../identity/media-type.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { type SecretNamed, verifiedClaims } from "../identity/verified-claims.ts";
import { type BodyBounds, type HeldRequestBody, readRequestBody } from "./request-body.ts";

const UNCERTAIN_TYPE =
  "The body may carry a key, and its Content-Type can't be read, or names another charset than UTF-8. Nothing was sent to the origin. Send one valid Content-Type.";

const CODED =
  "The body may carry a key, and can't be read with a Content-Encoding. Nothing was sent to the origin. Send it without.";

const UNREADABLE =
  "The body may carry a key, and can't be read unambiguously: it must be valid JSON of at most 1 MB, 50,000 values and 64 levels, without duplicate members. Nothing was sent to the origin.";

export class Incoming {
  readonly request: Request;
  readonly #bounds: BodyBounds;
  readonly #secretNamed: SecretNamed;
  readonly #budget: BodyBudget;
  #body: Promise<HeldRequestBody | Refusal> | null = null;
  #json: Promise<JsonNode | null | Refusal> | null = null;
  #held: HeldBody | null = null;
  readonly #callers = new Map<CallerRule, Promise<string | Refusal>>();

  /** `secretNamed` looks up the secrets that verify tokens. */
  constructor(request: Request, bounds: BodyBounds, secretNamed: SecretNamed, budget: BodyBudget = bodyBudget) {
    this.request = request;
    this.#bounds = bounds;
    this.#secretNamed = secretNamed;
    this.#budget = budget;
  }

  /** The caller's digest by `rule`, which is the tenant's present or former one. Verified at most once by each. */
  caller(rule: CallerRule): Promise<string | Refusal> {
    const known = this.#callers.get(rule);
    if (known !== undefined) return known;
    const caller = callerOf(this.request, rule, (token, item) => verifiedClaims(token, item, this.#secretNamed));
    this.#callers.set(rule, caller);
    return caller;
  }

  /** The whole body, or the reason why it can't be read. */
  body(): Promise<HeldRequestBody | Refusal> {
    return (this.#body ??= this.#readBody());
  }

  /** Frees the memory of the body, unless it is still on its way to the origin. Each request calls this when it is over. */
  releaseBody(): void {
    this.#held?.releaseUnlessSending();
  }

  /** The same where sending it has failed. */
  abandonBody(): void {
    this.#held?.release();
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
    if (!this.mayHaveDocument) return null;
    if (!this.#isJson) return refuse("key_invalid", UNCERTAIN_TYPE);
    if (this.#isCoded) return refuse("key_invalid", CODED);
    const json = await this.json();
    if (json !== null) return json;
    const body = await this.body();
    if (isRefusal(body)) return body;
    return body.held.byteLength === 0 ? null : refuse("key_invalid", UNREADABLE);
  }

  /** The request as it passes through to `url`: with its own stream, or with the body that was read. */
  async passedOn(url: string): Promise<Request | Refusal> {
    // Made from the request itself: a GET with a body can't be made from its parts.
    if (this.#body === null) return new Request(url, this.request);
    const body = await this.#body;
    if (isRefusal(body)) return body;
    const { method, headers } = this.request;
    return new Request(url, { method, headers, body: body.held.byteLength > 0 ? body.held.forOrigin() : null });
  }

  /** Whether there is a body to look for a key in, as far as the head shows. */
  get mayHaveDocument(): boolean {
    const { headers, body } = this.request;
    return body !== null && headers.get("content-length") !== "0" && mayBeJson(headers.get("content-type"));
  }

  get #isJson(): boolean {
    return parseMediaType(this.request.headers.get("content-type")).isJson;
  }

  get #isCoded(): boolean {
    const coding = this.request.headers.get("content-encoding") ?? "";
    return coding !== "" && coding.toLowerCase() !== "identity";
  }

  async #readBody(): Promise<HeldRequestBody | Refusal> {
    const body = await readRequestBody(this.request, this.#bounds, this.#budget);
    if (!isRefusal(body)) this.#held = body.held;
    return body;
  }

  async #readJson(): Promise<JsonNode | null | Refusal> {
    if (!this.#isJson) return null;
    const body = await this.body();
    if (isRefusal(body)) return body;
    return parseJsonBytes(body.bytes);
  }
}
