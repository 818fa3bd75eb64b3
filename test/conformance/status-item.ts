// Reads Idempotency-Status as RFC 9651 has it, as far as section 6.1.2 goes: an Item that is a Token, with Dates for
// parameters. The npm parser of Structured Fields (structured-headers 2.1.0) takes a Date only at the very end.

export type IdempotencyStatus = {
  readonly word: string;
  readonly recorded?: Date;
  readonly expires?: Date;
};

const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/u;
const DATE_PARAMETER = /^; *([a-z*][a-z0-9_\-.*]*)=@(-?\d{1,15})/u;

/** Throws with the value where it is no such Item. */
export function parseStatusItem(value: string): IdempotencyStatus {
  const word = TOKEN.exec(value)?.[0] ?? "";
  const dates = new Map<string, Date>();
  let rest = value.slice(word.length);
  for (let match = DATE_PARAMETER.exec(rest); match !== null; match = DATE_PARAMETER.exec(rest)) {
    const [all, name = "", seconds] = match;
    dates.set(name, new Date(Number(seconds) * 1000));
    rest = rest.slice(all.length);
  }
  if (word === "" || rest !== "") throw new Error(`expected a Token with Dates (RFC 9651), got ${value}`);
  const [recorded, expires] = [dates.get("recorded"), dates.get("expires")];
  return { word, ...(recorded === undefined ? {} : { recorded }), ...(expires === undefined ? {} : { expires }) };
}
