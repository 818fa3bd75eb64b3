/**
 * The pattern of a key: a part of the syntax of regular expressions, matched in linear time. JavaScript's own can take
 * exponential time, and clients choose the text. Each step of a match costs at most as much as the pattern has states.
 */

import { unreachable } from "../record/record.ts";

export interface KeyPattern {
  /** As configured. */
  readonly text: string;
  /** Whether the pattern matches all of `key`. */
  readonly matches: (key: string) => boolean;
}

const PATTERN_CHARACTERS_MAX = 256;

/** Repetitions are written out, so a short pattern may have many states. The worst patterns take some 30 ms for a key of 255 characters, others less than 1 ms. */
const STATES_MAX = 1000;

type Has = (character: string) => boolean;

/** Characters that one place of the pattern matches. `single`: the character, where it is only one that was written as such. */
interface Characters {
  readonly has: Has;
  readonly single: string | null;
}

/** A key has no other characters. */
const isPrintable: Has = (character) => character >= " " && character <= "~";
const isDigit: Has = (character) => character >= "0" && character <= "9";
const isWord: Has = (character) => /^\w$/.test(character);

type Node =
  | { readonly kind: "one of"; readonly has: Has }
  | { readonly kind: "sequence"; readonly nodes: readonly Node[] }
  | { readonly kind: "choice"; readonly nodes: readonly Node[] }
  | { readonly kind: "repeat"; readonly node: Node; readonly min: number; readonly max: number };

/** `has` null: passed without reading a character. */
interface State {
  readonly has: Has | null;
  readonly to: readonly number[];
}

/** Null where the text is no such pattern. */
export function parseKeyPattern(text: string): KeyPattern | null {
  if (text.length > PATTERN_CHARACTERS_MAX) return null;
  const parser = new Parser(text.replace(/^\^/, "").replace(/(?<!\\)\$$/, ""));
  const node = parser.choice();
  const automaton = new Automaton();
  const start = node === null || !parser.isAtEnd ? null : automaton.build(node, automaton.end);
  if (start === null || automaton.isTooLarge) return null;
  return { text, matches: (key) => automaton.matches(start, key) };
}

/** A recursive-descent parser. Each method consumes what it returns, or returns null if it can't. */
class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  choice(): Node | null {
    const nodes: Node[] = [];
    do {
      const node = this.#sequence();
      if (node === null) return null;
      nodes.push(node);
    } while (this.#consumes("|"));
    return { kind: "choice", nodes };
  }

  #sequence(): Node | null {
    const nodes: Node[] = [];
    while (!this.isAtEnd && !"|)".includes(this.#next)) {
      const node = this.#repeated();
      if (node === null) return null;
      nodes.push(node);
    }
    return { kind: "sequence", nodes };
  }

  #repeated(): Node | null {
    const node = this.#atom();
    if (node === null) return null;
    const [, sign, least, comma, most] = this.#matches(/([*+?])|\{(\d{1,3})(?:(,)(\d{0,3}))?\}/y) ?? [];
    if (sign !== undefined) {
      return { kind: "repeat", node, min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : Infinity };
    }
    if (least === undefined) return node;
    const min = Number(least);
    const max = comma === undefined ? min : most === "" ? Infinity : Number(most);
    return max < min ? null : { kind: "repeat", node, min, max };
  }

  #atom(): Node | null {
    if (this.#matches(/\((?:\?:)?/y) !== null) {
      const node = this.choice();
      return this.#consumes(")") ? node : null;
    }
    if (this.#consumes("[")) return this.#characterClass();
    if (this.#consumes(".")) return { kind: "one of", has: isPrintable };
    const characters = this.#characters(/[^\\^$.|?*+()[\]{}]/y);
    return characters === null ? null : { kind: "one of", has: characters.has };
  }

  #characterClass(): Node | null {
    const isNegated = this.#consumes("^");
    const members: Has[] = [];
    while (!this.#consumes("]")) {
      const member = this.#classMember();
      if (member === null) return null;
      members.push(member);
    }
    const has: Has = (character) => members.some((member) => member(character));
    return { kind: "one of", has: isNegated ? (character) => isPrintable(character) && !has(character) : has };
  }

  /** A character, an escape, or a range of characters. */
  #classMember(): Has | null {
    const first = this.#characters(/[^\\[\]]/y);
    if (first === null || first.single === null || this.#matches(/-(?!\])/y) === null) return first?.has ?? null;
    const last = this.#characters(/[^\\[\]]/y);
    const [from, to] = [first.single, last?.single ?? null];
    if (to === null || from > to) return null;
    return (character) => character >= from && character <= to;
  }

  /** An escape, or a character that `plain` allows. */
  #characters(plain: RegExp): Characters | null {
    const [, kind, literal] = this.#matches(/\\(?:([dw])|([^A-Za-z0-9]))/y) ?? [];
    if (kind !== undefined) return { has: kind === "d" ? isDigit : isWord, single: null };
    const single = literal ?? this.#matches(plain)?.[0];
    if (single === undefined || !isPrintable(single)) return null;
    return { has: (character) => character === single, single };
  }

  get #next(): string {
    return this.#text.charAt(this.#at);
  }

  #consumes(character: string): boolean {
    if (this.#next !== character) return false;
    this.#at++;
    return true;
  }

  #matches(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    this.#at += match?.[0].length ?? 0;
    return match;
  }
}

/** Thompson's construction: all states that a text may lead to are followed at once. */
class Automaton {
  readonly #states: State[] = [{ has: null, to: [] }];
  readonly end = 0;

  get isTooLarge(): boolean {
    return this.#states.length > STATES_MAX;
  }

  /** The state from which `node` leads to `next`. */
  build(node: Node, next: number): number {
    // No more is built than needed to know that it is too large.
    if (this.isTooLarge) return next;
    switch (node.kind) {
      case "one of":
        return this.#add({ has: node.has, to: [next] });
      case "sequence":
        return node.nodes.reduceRight((at, one) => this.build(one, at), next);
      case "choice":
        // Empty alternatives all lead to `next`, and each of many would be followed in every step.
        return this.#add({ has: null, to: [...new Set(node.nodes.map((one) => this.build(one, next)))] });
      case "repeat":
        return this.#repeat(node, next);
      default:
        return unreachable(node);
    }
  }

  #repeat({ node, min, max }: Extract<Node, { kind: "repeat" }>, next: number): number {
    let at = next;
    if (max === Infinity) {
      const to = [next];
      at = this.#add({ has: null, to });
      to.push(this.build(node, at));
    } else {
      for (let left = max - min; left > 0; left--) {
        at = this.#add({ has: null, to: [this.build(node, at), next] });
      }
    }
    for (let left = min; left > 0; left--) at = this.build(node, at);
    return at;
  }

  #add(state: State): number {
    return this.#states.push(state) - 1;
  }

  matches(start: number, text: string): boolean {
    let current = this.#withoutReading([start]);
    for (const character of text) {
      const read = [...current].flatMap((at) => {
        const state = this.#states[at];
        return state?.has?.(character) === true ? state.to : [];
      });
      current = this.#withoutReading(read);
    }
    return current.has(this.end);
  }

  #withoutReading(from: readonly number[]): ReadonlySet<number> {
    const reached = new Set<number>();
    const left = [...from];
    for (let at = left.pop(); at !== undefined; at = left.pop()) {
      if (reached.has(at)) continue;
      reached.add(at);
      const state = this.#states[at];
      if (state?.has === null) left.push(...state.to);
    }
    return reached;
  }
}
