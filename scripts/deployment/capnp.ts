// Reads the constants of a Cap'n Proto text, which is how the open-source runtime is configured, with their places. Types are not
// checked: the runtime does that when it starts.

import { type Parsed, type Place, Places, type Path } from "./source.ts";

type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value };

/** A reference to another constant, such as `.oncegate`. */
class Reference {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type Written = string | number | boolean | Reference | Written[] | { [name: string]: Written };

const TOKEN = /\s+|#[^\n]*|("(?:[^"\\]|\\.)*")|([A-Za-z0-9_.:@/$-]+)|([()[\]=,;])/y;

/** References nest no deeper in any configuration of the runtime. */
const REFERENCES_MAX = 10;

class SyntaxFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export function parseCapnp(text: string): Parsed {
  try {
    const reader = new Reader(text);
    const constants = reader.constants();
    const table = Object.fromEntries(
      Object.entries(constants).map(([name, value]) => [name, resolve(value, constants, REFERENCES_MAX)]),
    );
    return { kind: "source", table, places: new Places(reader.places) };
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    return { kind: "syntax", message: error.message, place: placeAt(text, error.offset) };
  }
}

function resolve(value: Written, constants: Readonly<Record<string, Written>>, left: number): Value {
  if (value instanceof Reference) {
    const target = constants[value.name];
    return target === undefined || left === 0 ? value.name : resolve(target, constants, left - 1);
  }
  if (Array.isArray(value)) return value.map((item) => resolve(item, constants, left));
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner, constants, left)]));
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

interface Token {
  readonly text: string;
  readonly offset: number;
}

class Reader {
  readonly places = new Map<string, Place>();
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  /** By name. Other statements, such as imports, are passed over. */
  constants(): Record<string, Written> {
    const found: Record<string, Written> = {};
    while (this.#peek() !== "") {
      if (this.#peek() === "const") {
        this.#take();
        const name = this.#take();
        while (this.#peek() !== "=" && this.#peek() !== "") this.#take();
        this.#expect("=");
        found[name] = this.#value([name]);
        this.#expect(";");
        continue;
      }
      while (this.#peek() !== ";" && this.#peek() !== "") this.#take();
      this.#expect(";");
    }
    return found;
  }

  #value(path: Path): Written {
    this.places.set(JSON.stringify(path), placeAt(this.#text, this.#offset()));
    const token = this.#take();
    if (token === "(") return this.#struct(path);
    if (token === "[") return this.#list(path);
    if (token === "embed") return this.#value(path);
    if (token.startsWith('"')) return JSON.parse(token) as string;
    if (token === "true" || token === "false") return token === "true";
    if (token.startsWith(".")) return new Reference(token.slice(1));
    if (/^[A-Za-z0-9-]/.test(token)) return Number.isNaN(Number(token)) ? token : Number(token);
    throw new SyntaxFault("a value is expected", this.#offset(-1));
  }

  #struct(path: Path): Written {
    const struct: Record<string, Written> = {};
    while (this.#peek() !== ")") {
      const name = this.#take();
      this.#expect("=");
      struct[name] = this.#value([...path, name]);
      if (this.#peek() !== ")") this.#expect(",");
    }
    this.#expect(")");
    return struct;
  }

  #list(path: Path): Written {
    const list: Written[] = [];
    while (this.#peek() !== "]") {
      list.push(this.#value([...path, list.length]));
      if (this.#peek() !== "]") this.#expect(",");
    }
    this.#expect("]");
    return list;
  }

  #peek(): string {
    return this.#tokens[this.#next]?.text ?? "";
  }

  #take(): string {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new SyntaxFault("the text ends too early", this.#text.length);
    this.#next += 1;
    return token.text;
  }

  #expect(text: string): void {
    if (this.#peek() !== text) throw new SyntaxFault(`${text} is expected`, this.#offset());
    this.#next += 1;
  }

  #offset(from = 0): number {
    return this.#tokens[this.#next + from]?.offset ?? this.#text.length;
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  for (let offset = 0; offset < text.length;) {
    TOKEN.lastIndex = offset;
    const match = TOKEN.exec(text);
    if (match === null) throw new SyntaxFault("an unknown character", offset);
    const [whole, string, word, mark] = match;
    const token = string ?? word ?? mark;
    if (token !== undefined) tokens.push({ text: token, offset });
    offset += whole.length;
  }
  return tokens;
}
