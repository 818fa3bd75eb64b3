// TOML and JSON texts with the place of each value, so that a finding names its line and column.

import { type Node, type ParseError as JsonError, parseTree, getNodeValue, printParseErrorCode } from "jsonc-parser";
import { type AST, ParseError, getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import { isTable } from "../../src/identity/json.ts";

/** The names and indexes that lead to a value, such as `["env", "production", "routes", 0]`. */
export type Path = readonly (string | number)[];

/** Both begin at 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export type Parsed =
  | { readonly kind: "source"; readonly table: Table; readonly places: Places }
  | { readonly kind: "syntax"; readonly message: string; readonly place: Place };

export type Table = Readonly<Record<string, unknown>>;

const START: Place = { line: 1, column: 1 };

/** Where the keys of a text are. */
export class Places {
  readonly #known: ReadonlyMap<string, Place>;

  constructor(known: ReadonlyMap<string, Place>) {
    this.#known = known;
  }

  /** The place of the value, or of the nearest table around it where the text does not have the value. */
  of(path: Path): Place {
    for (let length = path.length; length > 0; length -= 1) {
      const place = this.#known.get(JSON.stringify(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return START;
  }
}

/** By the name of the file: TOML, or JSON with comments as wrangler reads it. */
export function parseSource(file: string, text: string): Parsed {
  return /\.jsonc?$/.test(file) ? parseJsonSource(text, "with comments") : parseTomlSource(text);
}

export function parseTomlSource(text: string): Parsed {
  try {
    const program = parseTOML(text);
    const value: unknown = getStaticTOMLValue(program);
    if (!isTable(value)) return { kind: "syntax", message: "must be a table", place: START };
    return { kind: "source", table: value, places: new Places(placesInToml(program)) };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return { kind: "syntax", message: error.message, place: { line: error.lineNumber, column: error.column + 1 } };
  }
}

function placesInToml(program: AST.TOMLProgram): Map<string, Place> {
  const known = new Map<string, Place>();
  const add = (path: Path, { loc }: AST.TOMLNode): void => {
    for (let length = path.length; length > 0; length -= 1) {
      const name = JSON.stringify(path.slice(0, length));
      // The first mention of a table counts, which its own header replaces.
      if (length === path.length || !known.has(name))
        known.set(name, { line: loc.start.line, column: loc.start.column + 1 });
    }
  };
  const addValue = (path: Path, value: AST.TOMLContentNode): void => {
    if (value.type === "TOMLInlineTable") for (const pair of value.body) addPair(path, pair);
    if (value.type !== "TOMLArray") return;
    for (const [index, item] of value.elements.entries()) {
      add([...path, index], item);
      addValue([...path, index], item);
    }
  };
  const addPair = (path: Path, pair: AST.TOMLKeyValue): void => {
    const own = [...path, ...getStaticTOMLValue(pair.key)];
    add(own, pair);
    addValue(own, pair.value);
  };
  for (const node of program.body[0].body) {
    if (node.type === "TOMLKeyValue") {
      addPair([], node);
      continue;
    }
    add(node.resolvedKey, node);
    for (const pair of node.body) addPair(node.resolvedKey, pair);
  }
  return known;
}

/** `form` says whether comments and trailing commas are allowed, as in wrangler.jsonc. */
export function parseJsonSource(text: string, form: "strict" | "with comments"): Parsed {
  const errors: JsonError[] = [];
  const isStrict = form === "strict";
  const root = parseTree(text, errors, { disallowComments: isStrict, allowTrailingComma: !isStrict });
  const [error] = errors;
  if (error !== undefined) {
    return { kind: "syntax", message: wordsOf(printParseErrorCode(error.error)), place: placeAt(text, error.offset) };
  }
  const value: unknown = root === undefined ? undefined : getNodeValue(root);
  if (root === undefined || !isTable(value)) return { kind: "syntax", message: "must be a table", place: START };
  const known = new Map<string, Place>();
  addJson(root, [], (path, offset) => known.set(JSON.stringify(path), placeAt(text, offset)));
  return { kind: "source", table: value, places: new Places(known) };
}

function addJson(node: Node, path: Path, add: (path: Path, offset: number) => void): void {
  for (const [index, child] of (node.children ?? []).entries()) {
    const [name, value] = child.children ?? [];
    const own = [...path, child.type === "property" ? String(name?.value) : index];
    add(own, child.offset);
    if (child.type !== "property") addJson(child, own, add);
    else if (value !== undefined) addJson(value, own, add);
  }
}

/** `CommaExpected` becomes "comma expected". */
function wordsOf(code: string): string {
  return code.replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
