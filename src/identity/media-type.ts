/** Media types as the fingerprint compares them (RFC 9110, 8.3.1). */

export interface MediaType {
  /** Null without a Content-Type. */
  readonly canonical: string | null;
  readonly isJson: boolean;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^(${TOKEN}/${TOKEN})[ \\t]*((?:;.*)?)$`);
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|"(?:[^"\\\\]|\\\\.)*"))?`, "y");

/**
 * Type, subtype and parameter names in lower case, without optional white space. `charset=utf-8` is dropped from JSON
 * types, where it says nothing (RFC 8259, 11). What can't be read is compared as it is, and is not JSON.
 */
export function parseMediaType(contentType: string | null): MediaType {
  const read = readMediaType(contentType);
  if (read === null) return { canonical: contentType, isJson: false };
  const { essence, parameters } = read;
  const isJson = essence === "application/json" || essence.endsWith("+json");
  const told = isJson ? parameters.filter((parameter) => !isUtf8(parameter)) : parameters;
  return { canonical: [essence, ...told].join(";"), isJson };
}

/** Type and subtype in lower case, and each parameter as `name=value`, its name in lower case; null if it can't be read. */
export function readMediaType(
  contentType: string | null,
): { readonly essence: string; readonly parameters: readonly string[] } | null {
  const match = contentType === null ? null : TYPE.exec(contentType);
  const parameters = readParameters(match?.[2] ?? "");
  if (match?.[1] === undefined || parameters === null) return null;
  return { essence: match[1].toLowerCase(), parameters };
}

/** Whether a parameter says that the text is UTF-8. */
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

/** Type and subtype in lower case, without parameters; empty where there is none. */
export function essenceOf(contentType: string | null): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
