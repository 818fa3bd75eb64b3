/** The content of a request body, without its coding: what is compared, and what keys are looked for in. */

import { type Form, parseForm } from "./form.ts";
import { type JsonNode, parseJsonBytes } from "./json.ts";
import { type Jws, readJws } from "./jws.ts";
import { type BodyKind, bodyKindOf } from "./media-type.ts";

export interface Content {
  readonly contentType: string | null;
  readonly bytes: Uint8Array;
  /** Of `bytes`, in lower-case hex. */
  readonly sha256: string;
  /** The coding that `bytes` still have, as it was written, where it can't be removed; null where there is none. */
  readonly coding: string | null;
}

/** Each grammar is parsed at most once. */
export class RequestContent {
  readonly sha256: string;
  readonly coding: string | null;
  readonly kind: BodyKind;
  readonly #contentType: string | null;
  readonly #bytes: Uint8Array;
  #json: JsonNode | null | undefined;
  #jws: Jws | null | undefined;
  #form: Form | null | undefined;

  constructor({ contentType, bytes, sha256, coding }: Content) {
    this.sha256 = sha256;
    this.coding = coding;
    this.kind = bodyKindOf(contentType);
    this.#contentType = contentType;
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#bytes.byteLength === 0;
  }

  /** The value of a JSON body. Null where it is none, or can only be compared by its bytes. */
  get json(): JsonNode | null {
    if (this.kind !== "json" || this.coding !== null) return null;
    if (this.#json === undefined) this.#json = parseJsonBytes(this.#bytes);
    return this.#json;
  }

  /** The same of a JWS in compact form, whatever its type: some APIs send one as plain text. */
  get jws(): Jws | null {
    if (this.kind === "json" || this.kind === "form" || this.coding !== null) return null;
    if (this.#jws === undefined) this.#jws = readJws(this.#bytes);
    return this.#jws;
  }

  /** The same of a form. */
  get form(): Form | null {
    if (this.kind !== "form" || this.coding !== null) return null;
    if (this.#form === undefined) this.#form = parseForm(this.#contentType, this.#bytes);
    return this.#form;
  }

  /** What JSON Pointers lead into: a JSON body, or the claims of a JWS. Null where there is none. */
  get document(): JsonNode | null {
    return this.json ?? this.jws?.claims ?? null;
  }
}
