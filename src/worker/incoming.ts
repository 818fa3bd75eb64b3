/** A request on its way in. Its body, content and caller are read at most once, and only where a step needs them. */

import { type BodyBudget, bodyBudget } from "../http/body-budget.ts";
import { type ReadFields } from "../http/fields.ts";
import { type HeldBody } from "../http/held-body.ts";
import { hasUnusualBody } from "../http/methods.ts";
import { type Refusal, isRefusal, refuse } from "../http/problem.ts";
import { type DecodedBody, decode, freeBytes, requestCodingOf } from "../http/request-coding.ts";
import { type Caller, type CallerRule, callerOf } from "../identity/caller.ts";
import { sha256 } from "../identity/digest.ts";
import { type RpcMessage, readRpcMessage } from "../identity/json-rpc.ts";
import { type BodyKind, bodyKindOf } from "../identity/media-type.ts";
import { RequestContent } from "../identity/request-content.ts";
import { type SecretNamed, verifiedClaims } from "../identity/verified-claims.ts";
import { type PassedOn } from "../origin/prepared-request.ts";
import { type Fingerprint, unreachable } from "../record/record.ts";
import { type BodyBounds, type HeldRequestBody, lifeMsOf, readRequestBody } from "./request-body.ts";

/** A request, with its fields read once. */
export interface ReceivedRequest {
  readonly request: Request;
  readonly headers: ReadFields;
}

export class Incoming {
  readonly request: Request;
  readonly method: string;
  readonly headers: ReadFields;
  readonly #bounds: BodyBounds;
  readonly #secretNamed: SecretNamed;
  readonly #budget: BodyBudget;
  #body: Promise<HeldRequestBody | Refusal> | null = null;
  #content: Promise<RequestContent | Refusal> | null = null;
  #message: Promise<RpcMessage | Refusal> | null = null;
  #known: RpcMessage | null = null;
  #fingerprint: Promise<Fingerprint | Refusal> | null = null;
  /** Of the content, where it is not the body itself. */
  #decoded: DecodedBody | null = null;
  #held: HeldBody | null = null;
  readonly #callers = new Map<CallerRule, Promise<Caller | Refusal>>();

  /** `secretNamed` looks up the secrets that verify tokens. */
  constructor(
    { request, headers }: ReceivedRequest,
    bounds: BodyBounds,
    secretNamed: SecretNamed,
    budget: BodyBudget = bodyBudget,
  ) {
    this.request = request;
    this.method = request.method;
    this.headers = headers;
    this.#bounds = bounds;
    this.#secretNamed = secretNamed;
    this.#budget = budget;
  }

  /** The caller by `rule`, which is the tenant's present or former one. Verified at most once by each. */
  caller(rule: CallerRule): Promise<Caller | Refusal> {
    const known = this.#callers.get(rule);
    if (known !== undefined) return known;
    const { headers, request } = this;
    const source = {
      headers,
      get cf() {
        return request.cf;
      },
    };
    const caller = callerOf(source, rule, (token, item) => verifiedClaims(token, item, this.#secretNamed));
    this.#callers.set(rule, caller);
    return caller;
  }

  /** The whole body, or the reason why it can't be read. */
  body(): Promise<HeldRequestBody | Refusal> {
    return (this.#body ??= this.#readBody());
  }

  /** Frees the memory of the body, unless it is still on its way to the origin. Each request calls this when it is over. */
  releaseBody(): void {
    this.releaseContent();
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

  /** The body without its content coding. A body that can't be decoded within the bound of bodies keeps its coding. */
  content(): Promise<RequestContent | Refusal> {
    return (this.#content ??= this.#readContent());
  }

  /** The body as JSON-RPC. It stays known when the content is released. */
  message(): Promise<RpcMessage | Refusal> {
    return (this.#message ??= this.#readMessage());
  }

  /** The same, where it has been read. */
  get messageIfRead(): RpcMessage | null {
    return this.#known;
  }

  /** Whether a content is in memory: of a body that was looked into, and not compared yet. */
  get hasContent(): boolean {
    return this.#content !== null;
  }

  /** Is made at most once, by `make`. The content is not needed any more then. */
  fingerprint(make: (content: RequestContent) => Promise<Fingerprint>): Promise<Fingerprint | Refusal> {
    return (this.#fingerprint ??= this.#makeFingerprint(make));
  }

  /** Frees the memory of the content, which may take more than the body: a request may wait for long. */
  releaseContent(): void {
    this.#content = null;
    if (this.#decoded === null) return;
    this.#decoded.lease.release();
    freeBytes(this.#decoded.bytes);
    this.#decoded = null;
  }

  /** The request as it passes through: with its own stream, or with the body that was read. */
  async passedOn(): Promise<PassedOn | Refusal> {
    const { request, method } = this;
    if (this.#body === null)
      return hasUnusualBody(request) ? { method, whole: request } : { method, body: request.body };
    const body = await this.#body;
    if (isRefusal(body)) return body;
    return { method, body: body.held.byteLength > 0 ? body.held.forOrigin() : null };
  }

  /** The request for a second reader. Throws where it can't be copied. */
  async copiedRequest(): Promise<Request> {
    if (this.#body === null) return this.request.clone();
    const body = await this.#body;
    if (isRefusal(body)) throw new Error("the body can't be read");
    const { url, method, headers } = this.request;
    return new Request(url, { method, headers, body: body.bytes.slice() });
  }

  /** How the body may be parsed; null where there is none, as far as the head shows. */
  get bodyKind(): BodyKind | null {
    const { headers } = this;
    const isEmpty = this.request.body === null || headers.get("content-length") === "0";
    return isEmpty ? null : bodyKindOf(headers.get("content-type"));
  }

  async #readBody(): Promise<HeldRequestBody | Refusal> {
    const body = await readRequestBody(this, this.#bounds, this.#budget);
    if (!isRefusal(body)) this.#held = body.held;
    return body;
  }

  async #readMessage(): Promise<RpcMessage | Refusal> {
    const content = await this.content();
    if (isRefusal(content)) return content;
    this.#known = readRpcMessage(content.json);
    return this.#known;
  }

  async #makeFingerprint(make: (content: RequestContent) => Promise<Fingerprint>): Promise<Fingerprint | Refusal> {
    const content = await this.content();
    if (isRefusal(content)) return content;
    const made = await make(content);
    this.releaseContent();
    return made;
  }

  async #readContent(): Promise<RequestContent | Refusal> {
    const body = await this.body();
    if (isRefusal(body)) return body;
    const { headers } = this;
    const { signal } = this.request;
    const contentType = headers.get("content-type");
    const { bytes, sha256: digest } = body;
    const coding = requestCodingOf(headers);
    const coded = (coding: string | null): RequestContent =>
      new RequestContent({ contentType, bytes, sha256: digest, coding });
    if (coding.kind === "none" || bytes.byteLength === 0) return coded(null);
    if (coding.kind === "unknown") return coded(coding.written);
    const within = { budget: this.#budget, lifeMs: lifeMsOf(this.#bounds) };
    const decoded = decode(bytes, coding.coding, this.#bounds.requestBytesMax, within);
    switch (decoded.kind) {
      case "undecodable":
        return coded(coding.coding);
      case "no room":
        return refuse("overloaded");
      case "decoded":
        this.#decoded = decoded;
        signal.addEventListener("abort", () => decoded.lease.release());
        return new RequestContent({
          contentType,
          bytes: decoded.bytes,
          sha256: await sha256(decoded.bytes),
          coding: null,
        });
      default:
        return unreachable(decoded);
    }
  }
}
