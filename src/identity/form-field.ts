/** A pair of an urlencoded form, or a part of a multipart form. */
export interface FormField {
  readonly name: string;
  /** A pair's name, or a part's header fields as sent. */
  readonly head: string;
  /** Text or bytes; null for a pair without `=`. */
  readonly content: string | Uint8Array | null;
  /** A part with a file name. Origins find it among their files, not among their fields. */
  readonly isFile?: true;
}

/** More than any key has, so that a file under the name of a key is refused for its length without being decoded. */
const TEXT_BYTES_MAX = 1000;

/** The value as text, as far as a key could be. One without `=` is empty. Bytes that are not UTF-8 become a character that no key has. */
export function textOf({ content }: FormField): string {
  return content instanceof Uint8Array
    ? new TextDecoder().decode(content.subarray(0, TEXT_BYTES_MAX))
    : (content ?? "");
}
