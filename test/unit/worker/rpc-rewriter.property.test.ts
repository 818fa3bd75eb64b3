import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RpcRewriter } from "../../../src/worker/rpc-rewriter.ts";

const IDS = [5, "5", 'é\u2028"', null, -1.5] as const;
const CANONICAL = ["5e0", '"5"', JSON.stringify(IDS[2]), "null", "-15e-1"] as const;
/** None of them is an id of an answer. */
const NEW = ["101", '"new"', '"\\u00fc"', "102", "103"] as const;
const ids = new Map(CANONICAL.map((name, index) => [name, NEW[index] ?? ""]));
const CHANGE = { ids, tokens: ids };

const text = (value: unknown, space: number): string => JSON.stringify(value, null, space);
const id = fc.oneof(fc.constantFrom(...IDS), fc.integer(), fc.string());
const value = fc.jsonValue({ maxDepth: 4 });
/** Nested objects that look like messages. */
const decoy = fc.record({ id, result: value, params: fc.record({ progressToken: id }) });
const response = fc.record(
  { id, result: fc.oneof(value, decoy), x: fc.oneof(value, decoy) },
  { requiredKeys: ["id", "result"] },
);
const failure = fc.record({ id, error: fc.oneof(value, decoy) });
const request = fc.record({ id, method: fc.string(), params: fc.record({ progressToken: id, x: decoy }) });
const notification = fc.record({ method: fc.string(), params: fc.record({ progressToken: id, x: value }) });
/** Members in any order. */
const message = fc
  .oneof(response, failure, request, notification)
  .chain((one) => fc.shuffledSubarray(Object.entries(one), { minLength: Object.keys(one).length }))
  .map((entries): Record<string, unknown> => Object.fromEntries(entries));

function renamed(name: unknown): unknown {
  const index = IDS.findIndex((one) => one === name);
  return index === -1 ? name : JSON.parse(NEW[index] ?? "");
}

/** The same by parsing. */
function expected(of: Record<string, unknown>): Record<string, unknown> {
  const changed = { ...of };
  if ("id" in of && !("method" in of)) changed["id"] = renamed(of["id"]);
  const { params } = of;
  if (typeof params === "object" && params !== null && "progressToken" in params) {
    changed["params"] = { ...params, progressToken: renamed(params.progressToken) };
  }
  return changed;
}

function rewritten(input: string, cuts: readonly number[], isEvents: boolean): string {
  const rewriter = new RpcRewriter(CHANGE, isEvents);
  const bytes = new TextEncoder().encode(input);
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  const ends = [...cuts.map((cut) => cut % (bytes.byteLength + 1)), bytes.byteLength].sort((a, b) => a - b);
  let from = 0;
  let out = "";
  for (const end of ends) {
    out += decoder.decode(rewriter.push(bytes.subarray(from, end)), { stream: true });
    from = end;
  }
  return out + decoder.decode(rewriter.end());
}

const cuts = fc.array(fc.nat(5000), { maxLength: 12 });
const space = fc.constantFrom(0, 1, 4);

test("rewriting a message is parsing it and replacing its names, with every other byte as it was", () => {
  fc.assert(
    fc.property(message, space, cuts, (one, blanks, where) => {
      expect(rewritten(text(one, blanks), where, false)).toBe(spelled(text(expected(one), blanks)));
    }),
    { numRuns: 300 },
  );
});

test("so it is in a batch, and in the events of a stream", () => {
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 4 }),
      space,
      cuts,
      fc.constantFrom("\n", "\r\n", "\r"),
      (all, blanks, where, end) => {
        expect(rewritten(text(all, blanks), where, false)).toBe(spelled(text(all.map(expected), blanks)));
        const event = (one: unknown): string =>
          text(one, blanks)
            .split("\n")
            .map((line) => `data: ${line}${end}`)
            .join("") + end;
        const stream = (messages: readonly unknown[]): string => `: 5${end}id: 5${end}${messages.map(event).join("")}`;
        expect(rewritten(stream(all), where, true)).toBe(spelled(stream(all.map(expected))));
      },
    ),
    { numRuns: 150 },
  );
});

test("nothing is changed in text of any kind that has none of the names", () => {
  const none = new RpcRewriter({ ids: new Map(), tokens: new Map() }, false);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.boolean(), (any, isEvents) => {
      const rewriter = isEvents ? new RpcRewriter({ ids: new Map(), tokens: new Map() }, true) : none;
      const bytes = new TextEncoder().encode(any);
      const out = [...rewriter.push(bytes), ...rewriter.end()];
      expect(out).toEqual([...bytes]);
    }),
  );
});

/** The one new name that is written otherwise than JSON.stringify does. */
function spelled(json: string): string {
  return json.replaceAll('"ü"', '"\\u00fc"');
}
