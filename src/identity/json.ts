/**
 * Parses JSON for comparison: two texts have the same canonical form if and only if they mean the same (docs/protocol.md
 * 3.8.2). `JSON.parse` rounds numbers and drops duplicate members, so different requests would look equal. Some V8 versions
 * also lose members whose names are escaped. It is used for single strings only.
 */

// A text beyond one of these bounds is compared by its bytes.

/** Parsing takes CPU time in proportion to the size. */
const BYTES_MAX = 1_000_000;

/** Bounds the recursion. Far deeper than what APIs send. */
const LEVELS_MAX = 64;

/** A parsed value takes many times the memory of its two or three characters. */
const VALUES_MAX = 50_000;

/** Keeps exponents exact integers. */
const EXPONENT_DIGITS_MAX = 15;

const NUMBER = /(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?/y;
const SPACE = /[ \t\n\r]*/y;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A JSON value: a scalar in canonical form, an array, or an object. The names of members are in canonical form too. */
export type JsonNode = string | readonly JsonNode[] | ReadonlyMap<string, JsonNode>;

/**
 * The value of `text`. Null if only a comparison of the bytes is safe: not JSON, duplicate members, lone surrogates, too
 * deep, or too many values.
 */
export function parseJson(text: string): JsonNode | null {
  const parser = new JsonParser(text);
  const value = parser.value(LEVELS_MAX);
  return parser.isAtEnd() ? value : null;
}

/** The same for bytes. Also null if they are not UTF-8, or too many. */
export function parseJsonBytes(bytes: Uint8Array): JsonNode | null {
  if (bytes.byteLength > BYTES_MAX) return null;
  try {
    return parseJson(utf8.decode(bytes));
  } catch {
    // Not UTF-8, so not JSON (RFC 8259, 8.1).
    return null;
  }
}

/** Places in a document, by the array or object that contains them: member names in canonical form, or element indices. */
export type JsonPlaces = ReadonlyMap<JsonNode, ReadonlySet<string>>;

const NOWHERE: JsonPlaces = new Map();

/** Replaces an element that is left out, so that later elements keep their positions. No JSON value has this form. */
const LEFT_OUT = "*";

/** The canonical form of a value without the values at the places in `leftOut`. */
export function canonicalJson(node: JsonNode, leftOut: JsonPlaces = NOWHERE): string {
  if (typeof node === "string") return node;
  const out = leftOut.get(node);
  if (isElements(node)) {
    const elements = node.map((element, index) =>
      out?.has(String(index)) === true ? LEFT_OUT : canonicalJson(element, leftOut),
    );
    return `[${elements.join(",")}]`;
  }
  const members = out === undefined ? [...node] : [...node].filter(([name]) => !out.has(name));
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, value]) => `${name}:${canonicalJson(value, leftOut)}`).join(",")}}`;
}

/** `Array.isArray` does not narrow a readonly array. */
export function isElements(node: JsonNode): node is readonly JsonNode[] {
  return Array.isArray(node);
}

/** The members of an object. Null where `node` is none. */
export function membersOf(node: JsonNode | null): ReadonlyMap<string, JsonNode> | null {
  return node instanceof Map ? node : null;
}

/** A recursive-descent parser. Each method consumes a value and returns it, or null if it can't. */
class JsonParser {
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.#skipSpace();
    return this.#at === this.#text.length;
  }

  value(levelsLeft: number): JsonNode | null {
    if (++this.#values > VALUES_MAX) return null;
    this.#skipSpace();
    switch (this.#text.charAt(this.#at)) {
      case "{":
        return levelsLeft > 0 ? this.#object(levelsLeft - 1) : null;
      case "[":
        return levelsLeft > 0 ? this.#array(levelsLeft - 1) : null;
      case '"':
        return this.#string();
      case "t":
        return this.#literal("true");
      case "f":
        return this.#literal("false");
      case "n":
        return this.#literal("null");
      default:
        return this.#number();
    }
  }

  #object(levelsLeft: number): ReadonlyMap<string, JsonNode> | null {
    const members = new Map<string, JsonNode>();
    this.#at++;
    if (this.#consumes("}")) return members;
    do {
      this.#skipSpace();
      const name = this.#text[this.#at] === '"' ? this.#string() : null;
      if (name === null || members.has(name) || !this.#consumes(":")) return null;
      const value = this.value(levelsLeft);
      if (value === null) return null;
      members.set(name, value);
    } while (this.#consumes(","));
    return this.#consumes("}") ? members : null;
  }

  #array(levelsLeft: number): readonly JsonNode[] | null {
    const elements: JsonNode[] = [];
    this.#at++;
    if (this.#consumes("]")) return elements;
    do {
      const value = this.value(levelsLeft);
      if (value === null) return null;
      elements.push(value);
    } while (this.#consumes(","));
    return this.#consumes("]") ? elements : null;
  }

  #string(): string | null {
    const start = this.#at++;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === 0x22) break;
      // Control characters must be escaped. The code is NaN at the end of the text.
      if (!(code >= 0x20)) return null;
      this.#at += code === 0x5c ? 2 : 1;
    }
    this.#at++;
    const value = parseString(this.#text.slice(start, this.#at));
    return value?.isWellFormed() === true ? JSON.stringify(value) : null;
  }

  #number(): string | null {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) return null;
    this.#at = NUMBER.lastIndex;
    const [, sign = "", integer = "", fraction = "", exponent = "0"] = match;
    return canonicalNumber(sign, integer, fraction, exponent);
  }

  #literal(word: string): string | null {
    if (!this.#text.startsWith(word, this.#at)) return null;
    this.#at += word.length;
    return word;
  }

  #consumes(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }
}

/** `JSON.parse` defines the valid escapes. */
function parseString(literal: string): string | null {
  try {
    return String(JSON.parse(literal));
  } catch {
    // An invalid escape: the text is not JSON.
    return null;
  }
}

/** The significant digits without surrounding zeros, and the power of ten of the last one. Exact, unlike a double. */
function canonicalNumber(sign: string, integer: string, fraction: string, exponent: string): string | null {
  if (exponent.length > EXPONENT_DIGITS_MAX) return null;
  const digits = trimZeros(integer + fraction);
  if (digits.significant === "") return `${sign}0`;
  const power = Number(exponent) - fraction.length + digits.trailing;
  return `${sign}${digits.significant}e${power}`;
}

/** A loop, because `/0+$/` takes quadratic time on a long run of zeros before another digit. */
function trimZeros(digits: string): { significant: string; trailing: number } {
  let start = 0;
  let end = digits.length;
  while (digits[start] === "0") start++;
  while (digits[end - 1] === "0") end--;
  return { significant: digits.slice(start, end), trailing: digits.length - end };
}

/** Whether `value` is a JSON object or a TOML table. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
