/** Parses media types, and normalizes them for the fingerprint (RFC 9110, 8.3.1). */

import { trimBlanks } from "../http/blanks.ts";
import { TOKEN } from "../http/token.ts";

export interface MediaType {
  /** Null if there is no Content-Type. */
  readonly canonical: string | null;
  /** JSON in UTF-8, the only charset that it has (RFC 8259, 8.1). */
  readonly isJson: boolean;
}

const TYPE = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*((?:;.*)?)$`);
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))?`, "y");

/** Also as RFC 2231 spells it, `charset*=` and `charset*0=`, which some servers honour. */
const NAMES_CHARSET = /^charset[*=]/;

/**
 * The canonical form has type, subtype and parameter names in lower case, and no optional white space. `charset=utf-8` is
 * dropped from JSON types and those of a JWS, where it has no meaning (RFC 8259, 11; a JWS is ASCII: RFC 7515, 7.1). A value that
 * can't be parsed stays as it is.
 */
export function parseMediaType(contentType: string | null): MediaType {
  const read = readMediaType(contentType);
  if (read === null) return { canonical: contentType, isJson: false };
  const { essence, parameters } = read;
  const isNamedJson = isJsonType(essence);
  const mayHaveCharset = !isNamedJson && !isJwsType(essence);
  const kept = mayHaveCharset ? parameters : parameters.filter((parameter) => !isUtf8(parameter));
  const isJson = isNamedJson && !kept.some((parameter) => NAMES_CHARSET.test(parameter));
  return { canonical: [essence, ...kept].join(";"), isJson };
}

/**
 * What a body may be parsed as. `foreign json`: it names another charset than UTF-8. `unreadable`: its type can't be parsed, and
 * origins may take it for any of them.
 */
export type BodyKind = "json" | "foreign json" | "jws" | "form" | "other" | "unreadable";

const FORM_TYPES: ReadonlySet<string> = new Set(["application/x-www-form-urlencoded", "multipart/form-data"]);
const JWS_TYPES: ReadonlySet<string> = new Set(["application/jwt", "application/jose"]);

export function bodyKindOf(contentType: string | null): BodyKind {
  if (contentType === null) return "other";
  const essence = readMediaType(contentType)?.essence;
  if (essence === undefined) return "unreadable";
  if (isJsonType(essence)) return parseMediaType(contentType).isJson ? "json" : "foreign json";
  if (isJwsType(essence)) return "jws";
  return FORM_TYPES.has(essence) ? "form" : "other";
}

function isJsonType(essence: string): boolean {
  return essence === "application/json" || essence.endsWith("+json");
}

function isJwsType(essence: string): boolean {
  return JWS_TYPES.has(essence) || essence.endsWith("+jwt");
}

/** Type and subtype in lower case, and each parameter as `name=value` with the name in lower case. Null if invalid. */
export function readMediaType(
  contentType: string | null,
): { readonly essence: string; readonly parameters: readonly string[] } | null {
  const match = contentType === null ? null : TYPE.exec(contentType);
  const parameters = readParameters(match?.[2] ?? "");
  if (match?.[1] === undefined || parameters === null) return null;
  return { essence: match[1].toLowerCase(), parameters };
}

/** Whether the parameter is `charset=utf-8`. */
export function isUtf8(parameter: string): boolean {
  return /^charset="?utf-8"?$/i.test(parameter);
}

function readParameters(text: string): string[] | null {
  const parameters: string[] = [];
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < text.length) {
    const match = PARAMETER.exec(text);
    if (match === null) return null;
    if (match[1] !== undefined && match[2] !== undefined) parameters.push(`${match[1].toLowerCase()}=${match[2]}`);
  }
  return parameters;
}

/** Type and subtype in lower case, without parameters; empty if there is no Content-Type. */
export function essenceOf(contentType: string | null): string {
  return trimBlanks((contentType ?? "").split(";", 1)[0] ?? "").toLowerCase();
}
