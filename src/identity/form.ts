/**
 * Parses forms for comparison: two forms mean the same if and only if their media types and fields are equal
 * (docs/protocol.md 3.8.10 to 3.8.12). A body that origins may parse in different ways is not parsed, but compared by its bytes.
 */

import { type FormField } from "./form-field.ts";
import { isUtf8, readMediaType } from "./media-type.ts";
import { parseMultipart } from "./multipart.ts";
import { parseUrlencoded } from "./urlencoded.ts";

export interface Form {
  /** Without the boundary, which carries no meaning. */
  readonly mediaType: string;
  readonly fields: readonly FormField[];
}

/** RFC 2046, 5.1.1. The media type is already parsed, so quotes are balanced. */
const BOUNDARY = /^boundary="?([0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-])"?$/;

/** Null if the body is not a form, or if only a comparison of its bytes is safe. */
export function parseForm(contentType: string | null, bytes: Uint8Array): Form | null {
  const read = readMediaType(contentType);
  if (read === null) return null;
  const { essence, parameters } = read;
  if (parameters.some((parameter) => parameter.startsWith("charset=") && !isUtf8(parameter))) return null;
  switch (essence) {
    case "application/x-www-form-urlencoded":
      return formOf([essence, ...parameters], parseUrlencoded(bytes));
    case "multipart/form-data": {
      const boundaries = parameters.filter(isBoundary);
      const others = parameters.filter((parameter) => !isBoundary(parameter));
      const boundary = boundaries.length === 1 ? BOUNDARY.exec(boundaries[0] ?? "")?.[1] : undefined;
      return boundary === undefined ? null : formOf([essence, ...others], parseMultipart(bytes, boundary));
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
