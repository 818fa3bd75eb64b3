/**
 * Forms by what they mean: two have equal fields, under equal media types, exactly if they mean the same (docs/protocol.md
 * 3.8.10 to 3.8.12). What only some origins would read in one way is not read at all, and compared by its bytes.
 */

import { isUtf8, readMediaType } from "./media-type.ts";
import { readMultipart } from "./multipart.ts";
import { readUrlencoded } from "./urlencoded.ts";

/** A pair or a part. */
export interface FormField {
  readonly name: string;
  /** What precedes the content: a pair's name, or a part's header fields as they were sent. */
  readonly head: string;
  /** Text or bytes; null for a pair without `=`. */
  readonly content: string | Uint8Array | null;
}

export interface Form {
  /** Without the boundary, which says nothing. */
  readonly mediaType: string;
  readonly fields: readonly FormField[];
}

/** RFC 2046, 5.1.1. The media type has been read, so that quotes come in pairs. */
const BOUNDARY = /^boundary="?([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])"?$/;

/** Null where the body is no form, or only a comparison of the bytes is safe. */
export function readForm(contentType: string | null, bytes: Uint8Array): Form | null {
  const read = readMediaType(contentType);
  if (read === null) return null;
  const { essence, parameters } = read;
  if (parameters.some((parameter) => parameter.startsWith("charset=") && !isUtf8(parameter))) return null;
  switch (essence) {
    case "application/x-www-form-urlencoded":
      return formOf([essence, ...parameters], readUrlencoded(bytes));
    case "multipart/form-data": {
      const [boundaries, others] = [parameters.filter(isBoundary), parameters.filter((one) => !isBoundary(one))];
      const boundary = boundaries.length === 1 ? BOUNDARY.exec(boundaries[0] ?? "")?.[1] : undefined;
      return boundary === undefined ? null : formOf([essence, ...others], readMultipart(bytes, boundary));
    }
    default:
      return null;
  }
}

function isBoundary(parameter: string): boolean {
  return parameter.startsWith("boundary=");
}

function formOf(mediaType: readonly string[], fields: readonly FormField[] | null): Form | null {
  return fields === null ? null : { mediaType: mediaType.join(";"), fields };
}
