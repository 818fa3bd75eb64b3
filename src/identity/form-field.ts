/** A pair of an urlencoded form, or a part of a multipart form. */
export interface FormField {
  readonly name: string;
  /** A pair's name, or a part's header fields as sent. */
  readonly head: string;
  /** Text or bytes; null for a pair without `=`. */
  readonly content: string | Uint8Array | null;
}
