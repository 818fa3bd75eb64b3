/** Optional white space in header fields: blank and tab, nothing else (RFC 9110, 5.6.3). */

const BLANKS: ReadonlySet<string> = new Set([" ", "\t"]);

/** `String.trim` also removes U+00A0 and others, which belong to a value. A loop, because `/[ \t]+$/` takes quadratic time. */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && BLANKS.has(text.charAt(start))) start++;
  while (end > start && BLANKS.has(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** The members of a comma-separated list that are not empty (RFC 9110, 5.6.1). A comma in a quoted string separates too. */
export function listMembers(value: string): string[] {
  return value
    .split(",")
    .map(trimBlanks)
    .filter((member) => member !== "");
}
