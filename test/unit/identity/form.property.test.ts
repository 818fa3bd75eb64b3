import * as fc from "fast-check";
import { isUtf8 } from "node:buffer";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, test } from "vitest";
import { RUN_FACTOR, runs } from "../../support/runs.ts";
import { type Choose, choices } from "./json-spelling.ts";
import { type Change, identityOf } from "./requests.ts";

/** More than generating the values takes on a busy machine. */
const TIMEOUT_MS = 60_000 * RUN_FACTOR;

/** The fingerprint of a form that is compared by meaning; null for one that is compared by its bytes. */
async function meaning(sent: Change): Promise<string | null> {
  const { fingerprint, plain } = await identityOf(sent);
  return fingerprint === plain ? null : fingerprint;
}

type Pair = readonly [name: string, value: string | null];

function pairsOf(strings: fc.Arbitrary<string>): fc.Arbitrary<readonly Pair[]> {
  const pair = fc.tuple(strings, fc.option(strings));
  // An empty text is not a pair.
  return fc.array(
    pair.filter(([name, value]) => name !== "" || value !== null),
    { maxLength: 4 },
  );
}

function spell(pairs: readonly Pair[], choose: Choose): Change {
  const body = pairs
    .map(([name, value]) => spellText(name, choose) + (value === null ? "" : `=${spellText(value, choose)}`))
    .join("&");
  return { contentType: "application/x-www-form-urlencoded", body };
}

function spellText(text: string, choose: Choose): string {
  return Array.from(text, (character) => {
    const isPlain = /^[!-~]$/.test(character) && !"%&+;=".includes(character);
    if (isPlain && choose(2) === 0) return character;
    if (character === " " && choose(2) === 0) return "+";
    return Array.from(new TextEncoder().encode(character), (byte) => {
      const hex = byte.toString(16).padStart(2, "0");
      return `%${choose(2) === 0 ? hex : hex.toUpperCase()}`;
    }).join("");
  }).join("");
}

const anyText = fc.string({ unit: "binary", maxLength: 8 });
const fewTexts = fc.string({ unit: fc.constantFrom(...Array.from("a=&+% ;é4")), maxLength: 2 });

describe("3.8.10 pairs", { timeout: TIMEOUT_MS }, () => {
  test("are the same in two encodings", async () => {
    await fc.assert(
      fc.asyncProperty(pairsOf(anyText), choices, choices, async (pairs, one, other) => {
        const [a, b] = [await meaning(spell(pairs, one)), await meaning(spell(pairs, other))];
        expect(a).not.toBeNull();
        expect(a).toBe(b);
      }),
      runs(100),
    );
  });

  test("are the same if and only if they are equal", async () => {
    let equal = 0;
    const few = pairsOf(fewTexts);
    const two = fc.oneof(
      fc.tuple(few, few),
      few.map((pairs) => [pairs, pairs.toReversed()] as const),
    );
    await fc.assert(
      fc.asyncProperty(two, choices, async ([one, other], choose) => {
        const same = isDeepStrictEqual(one, other);
        if (same) equal++;
        expect((await meaning(spell(one, choose))) === (await meaning(spell(other, choose)))).toBe(same);
      }),
      runs(200),
    );
    expect(equal).toBeGreaterThan(10);
  });

  const text = fc.string({ unit: fc.constantFrom(...Array.from("aa=&+%%414cC3;é \r\0")), maxLength: 10 });

  /** A second implementation of what 3.8.12 excepts. */
  function isStrict(body: string): boolean {
    if (!/^(?:%[0-9A-Fa-f]{2}|[!-$&-:<-~])*$/.test(body)) return false;
    if (body !== "" && /^&|&&|&$/.test(body)) return false;
    return body.split(/[&=]/).every((piece) => {
      const latin1 = piece.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      return isUtf8(Buffer.from(latin1, "latin1"));
    });
  }

  test("are parsed if and only if 3.8.12 does not except them", async () => {
    await fc.assert(
      fc.asyncProperty(text, async (body) => {
        const contentType = "application/x-www-form-urlencoded";
        expect((await meaning({ contentType, body })) !== null).toBe(isStrict(body));
      }),
      runs(500),
    );
  });

  test("are equal for URLSearchParams if they are the same", async () => {
    const contentType = "application/x-www-form-urlencoded";
    const few = fc.string({ unit: fc.constantFrom("a", "=", "&", "%61", "+", "%20", "%3d", "%3D"), maxLength: 4 });
    let same = 0;
    await fc.assert(
      fc.asyncProperty(few, few, async (one, other) => {
        const a = await meaning({ contentType, body: one });
        if (a === null || a !== (await meaning({ contentType, body: other }))) return;
        same++;
        expect([...new URLSearchParams(one)]).toEqual([...new URLSearchParams(other)]);
      }),
      runs(500),
    );
    expect(same).toBeGreaterThan(5);
  });
});

interface Part {
  readonly name: string;
  readonly more: string;
  readonly content: Uint8Array;
}

function partsOf(names: fc.Arbitrary<string>, contents: fc.Arbitrary<Uint8Array>): fc.Arbitrary<readonly Part[]> {
  const more = fc.constantFrom("", '; filename="f"', "; filename=g\r\nContent-Type: image/png");
  return fc.array(fc.record({ name: names, more, content: contents }, { noNullPrototype: true }), { maxLength: 4 });
}

function write(parts: readonly Part[], boundary: string, end = "\r\n"): Change {
  const body = Buffer.concat([
    ...parts.flatMap(({ name, more, content }) => [
      Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`),
      content,
      Buffer.from("\r\n"),
    ]),
    Buffer.from(`--${boundary}--${end}`),
  ]);
  return { contentType: `multipart/form-data; boundary="${boundary}"`, body };
}

/** Whether no part contains a boundary. */
function isFree(parts: readonly Part[], boundary: string): boolean {
  return parts.every(({ name, more, content }) =>
    [Buffer.from(name + more), Buffer.from(content)].every((bytes) => !bytes.includes(`--${boundary}`)),
  );
}

const anyName = fc.string({ unit: "grapheme", maxLength: 8 }).filter((name) => /^[^"\\\p{Cc}]*$/u.test(name));
const anyContent = fc.oneof(
  fc.uint8Array({ maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(...Array.from("\r\n--XY:")), maxLength: 20 }).map((text) => Buffer.from(text)),
);
const anyBoundary = fc
  .string({ unit: fc.constantFrom(...Array.from("0Zz'()+_,-./:=? -X")), minLength: 1, maxLength: 70 })
  .filter((boundary) => !boundary.endsWith(" "));

const fewContents = fc
  .string({ unit: fc.constantFrom("\r\n", "-", "a"), maxLength: 2 })
  .map((text) => Uint8Array.from(Buffer.from(text)));

describe("3.8.11 parts", { timeout: TIMEOUT_MS }, () => {
  test("are the same with any two boundaries", async () => {
    await fc.assert(
      fc.asyncProperty(partsOf(anyName, anyContent), anyBoundary, anyBoundary, async (parts, one, other) => {
        fc.pre(isFree(parts, one) && isFree(parts, other));
        const [a, b] = [await meaning(write(parts, one)), await meaning(write(parts, other, ""))];
        expect(a).not.toBeNull();
        expect(a).toBe(b);
      }),
      runs(100),
    );
  });

  test("are the same if and only if they are equal", async () => {
    let equal = 0;
    const few = partsOf(fc.constantFrom("a", "b"), fewContents);
    const two = fc.oneof(
      fc.tuple(few, few),
      few.map((parts) => [parts, parts.toReversed()] as const),
    );
    await fc.assert(
      fc.asyncProperty(two, async ([one, other]) => {
        const same = isDeepStrictEqual(one, other);
        if (same) equal++;
        expect((await meaning(write(one, "X"))) === (await meaning(write(other, "YY")))).toBe(same);
      }),
      runs(200),
    );
    expect(equal).toBeGreaterThan(10);
  });

  function bytesOf(body: Change["body"] = ""): Uint8Array {
    return typeof body === "string" ? new TextEncoder().encode(body) : body;
  }

  function latin1(bytes: Uint8Array): string {
    return Buffer.from(bytes).toString("latin1");
  }

  /** The parts found by splitting the text; null unless they form a valid body. */
  function split(body: Uint8Array, boundary: string): string[] | null {
    const [first, ...parts] = latin1(body).split(`--${boundary}`);
    const last = parts.pop();
    if (first !== "" || last === undefined || !/^--(?:\r\n)?$/.test(last)) return null;
    return parts.every((part) => /^\r\n(?:[^\r\n]+\r\n)+\r\n(?:[^]*\r\n)?$/.test(part)) ? parts : null;
  }

  interface Edit {
    readonly at: number;
    readonly removed: number;
    readonly added: string;
  }

  const edit: fc.Arbitrary<Edit> = fc.record({
    at: fc.nat(300),
    removed: fc.nat(2),
    added: fc.constantFrom("", "\r", "\n", "\r\n", "-", "--X", "\r\n--X\r\n", '"', "\\", ";", "a", "\u0000", "é"),
  });

  function edited({ body, contentType = null }: Change, edits: readonly Edit[]): Change {
    const text = edits.reduce(
      (before, { at, removed, added }) => {
        const start = at % (before.length + 1);
        return before.slice(0, start) + added + before.slice(start + removed);
      },
      Buffer.from(body ?? "").toString("latin1"),
    );
    return { contentType, body: Buffer.from(text, "latin1") };
  }

  test("are those of another parser, even after characters are removed, added or exchanged", async () => {
    const few = partsOf(fc.constantFrom("a", "b"), fewContents);
    const edits = fc.array(edit, { maxLength: 2 });
    let read = 0;
    let same = 0;
    await fc.assert(
      fc.asyncProperty(few, edits, edits, async (parts, one, other) => {
        const [first, second] = [edited(write(parts, "X"), one), edited(write(parts, "X"), other)];
        const [a, b] = [await meaning(first), await meaning(second)];
        if (a === null) return;
        read++;
        const found = split(bytesOf(first.body), "X");
        expect(found).not.toBeNull();
        if (b === null) return;
        if (a === b) same++;
        expect(a === b).toBe(isDeepStrictEqual(found, split(bytesOf(second.body), "X")));
      }),
      runs(500),
    );
    expect(read).toBeGreaterThan(100);
    expect(same).toBeGreaterThan(10);
  });
});
