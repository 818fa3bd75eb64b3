/** The value of `Authorization` (RFC 9110, 11.4): a scheme, and a token or a list of parameters. */

import { trimBlanks } from "../http/blanks.ts";
import { TOKEN } from "../http/token.ts";

/** A value without a scheme may be a token, in which letter case counts, so it does not match. */
const SCHEME = new RegExp(`^(${TOKEN})[ \\t]+`);

/** What separates parameters is outside of quotes. A quote that is not closed goes up to the end. */
const MEMBER = /(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|\\?$))+/gs;

/**
 * Clients such as those of AWS write characters in values that RFC 9110 asks them to quote. A quote that is not closed could hide the
 * comma of two lines.
 */
const PARAMETER = new RegExp(`^${TOKEN}[ \\t]*=[ \\t]*(?:"(?:[^"\\\\]|\\\\.)*"|[^ \\t="])[^"]*$`);

/**
 * Schemes have no letter case, and the blanks after them no meaning: otherwise one credential would be several callers. Null where a
 * comma separates anything but parameters. The platform joins two lines by one, and an origin may read either.
 */
export function canonicalCredentials(value: string): string | null {
  const [start = "", scheme = ""] = SCHEME.exec(value) ?? [];
  const credentials = value.slice(start.length);
  if (credentials.includes(",") && (scheme === "" || !areParameters(credentials))) return null;
  return start === "" ? value : `${scheme.toLowerCase()} ${credentials}`;
}

/** Empty members of a list count for nothing (RFC 9110, 5.6.1). */
function areParameters(credentials: string): boolean {
  const members = (credentials.match(MEMBER) ?? []).map(trimBlanks).filter((member) => member !== "");
  return members.length > 0 && members.every((member) => PARAMETER.test(member));
}
