// Reads Idempotency-Status as RFC 9651 has it, as far as section 6.1.2 goes: an Item that is a Token, with Dates and
// `derived` for parameters. The npm parser of Structured Fields (structured-headers 2.1.0) takes a Date only at the very end.

export type IdempotencyStatus = {
  readonly word: string;
  readonly isDerived: boolean;
  readonly recorded?: Date;
  readonly expires?: Date;
};

const TOKEN = /^[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/u;
const PARAMETER = /^; *(?:(derived)(?![a-z0-9_\-.*=])|([a-z*][a-z0-9_\-.*]*)=@(-?\d{1,15}))/u;

/** Throws with the value where it is no such Item. */
export function parseStatusItem(value: string): IdempotencyStatus {
  const word = TOKEN.exec(value)?.[0] ?? "";
  const dates = new Map<string, Date>();
  let rest = value.slice(word.length);
  let isDerived = false;
  for (let match = PARAMETER.exec(rest); match !== null; match = PARAMETER.exec(rest)) {
    const [all, derived, name = "", seconds] = match;
    if (derived === undefined) dates.set(name, new Date(Number(seconds) * 1000));
    else isDerived = true;
    rest = rest.slice(all.length);
  }
  if (word === "" || rest !== "") throw new Error(`expected a Token with Dates and derived (RFC 9651), got ${value}`);
  const [recorded, expires] = [dates.get("recorded"), dates.get("expires")];
  const known = { word, isDerived };
  return { ...known, ...(recorded === undefined ? {} : { recorded }), ...(expires === undefined ? {} : { expires }) };
}
