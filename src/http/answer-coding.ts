/** The content coding of an answer (RFC 9110, 8.4.1), and who decodes it. */

export type DecodableCoding = "gzip" | "deflate" | "br" | "zstd";

export type ContentCoding =
  | { readonly kind: "none" }
  /** The platform decodes it when the body is read. */
  | { readonly kind: "decoded" }
  /** The gateway can decode it. */
  | { readonly kind: "decodable"; readonly coding: DecodableCoding }
  /** Several codings, or one that is not known here. */
  | { readonly kind: "other"; readonly name: string };

/** The platform recognizes these spellings only. */
const DECODED_BY_PLATFORM: ReadonlySet<string> = new Set(["gzip", "br"]);

/** With the former name of gzip (RFC 9110, 8.4.1.3). */
const DECODABLE: ReadonlyMap<string, DecodableCoding> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
]);

/** The name of a coding goes into a record and into a problem. */
const NAME_CHARACTERS_MAX = 64;

/** `value` is that of `Content-Encoding`; null where there is none. */
export function contentCoding(value: string | null): ContentCoding {
  const name = (value ?? "").trim().toLowerCase();
  if (name === "" || name === "identity") return { kind: "none" };
  if (value !== null && DECODED_BY_PLATFORM.has(value)) return { kind: "decoded" };
  const coding = DECODABLE.get(name);
  return coding === undefined
    ? { kind: "other", name: name.slice(0, NAME_CHARACTERS_MAX) }
    : { kind: "decodable", coding };
}

/** Whether a body that has been read is not coded any more. */
export function isDecoded({ kind }: ContentCoding): boolean {
  return kind === "decoded" || kind === "decodable";
}
