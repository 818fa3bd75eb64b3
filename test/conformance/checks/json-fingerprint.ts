// Sections 3.8.2 and 3.8.3: JSON compared by meaning, and when it is not.

import { type Check } from "../check.ts";
import { type Ask } from "../client.ts";
import { expectRefusal, expectReplay, expectRun, expectRuns } from "../expect.ts";
import { type RouteNeed } from "../tenants.ts";

type Row = readonly [title: string, first: string, second: string];

const equal: readonly Row[] = [
  ["members in another order", '{"a":1,"b":{"c":2,"d":3}}', '{"b":{"d":3,"c":2},"a":1}'],
  ["other white space", '{"a":[1,2]}', ' {\n\t"a" : [ 1 , 2 ]\r\n} '],
  ["an escaped letter", '{"a":"é"}', '{"a":"\\u00e9"}'],
  ["an escaped member name", '{"ab":1}', '{"\\u0061b":1}'],
  ["an escaped slash", '{"a":"x/y"}', '{"a":"x\\/y"}'],
  ["an escaped surrogate pair", '{"a":"😀"}', '{"a":"\\uD83D\\ude00"}'],
  ["another spelling of a line feed", '{"a":"\\n"}', '{"a":"\\u000a"}'],
  ["1.0 for 1", '{"a":1}', '{"a":1.0}'],
  ["1e0 for 1", '{"a":1}', '{"a":1e0}'],
  ["1e2 for 100", '{"a":100}', '{"a":1e2}'],
  ["1E+2 for 100", '{"a":100}', '{"a":1E+2}'],
  ["0.010 for 1e-2", '{"a":0.010}', '{"a":1e-2}'],
  ["12.50e1 for 125", '{"a":125}', '{"a":12.50e1}'],
  ["0e7 for 0", '{"a":0}', '{"a":0e7}'],
  ["-0.0 for -0", '{"a":-0}', '{"a":-0.0}'],
  ["another spelling of a number beyond 2^53", "9007199254740993", "9007199254740993.0"],
  ["another spelling of a number beyond any float", '{"a":1e400}', '{"a":10e399}'],
  ["another spelling of a huge exponent", '{"a":1e1000000000}', '{"a":10e999999999}'],
  ["a top-level scalar with white space", "true", " true "],
];

const different: readonly Row[] = [
  ["another value", '{"a":1}', '{"a":2}'],
  ["9007199254740992 for 9007199254740993", '{"a":9007199254740993}', '{"a":9007199254740992}'],
  ["a number that differs beyond float precision", '{"a":0.1}', '{"a":0.10000000000000000001}'],
  ["0 for -0", '{"a":-0}', '{"a":0}'],
  ["another number beyond any float", '{"a":1e400}', '{"a":1e401}'],
  ["another number below any float", '{"a":1e-400}', '{"a":1e-401}'],
  ["another huge exponent", '{"a":1e1000000000}', '{"a":1e1000000001}'],
  ["a string for a number", '{"a":1}', '{"a":"1"}'],
  ["a string for true", '{"a":true}', '{"a":"true"}'],
  ["false for null", '{"a":null}', '{"a":false}'],
  ["null for an absent member", "{}", '{"a":null}'],
  ["0 for false", '{"a":false}', '{"a":0}'],
  ["an empty array for an empty object", '{"a":{}}', '{"a":[]}'],
  ["an array in another order", '{"a":[1,2]}', '{"a":[2,1]}'],
  ["an array in an array", "[1,2]", "[[1,2]]"],
  ["a member named __proto__", "{}", '{"__proto__":1}'],
  ["another member named __proto__", '{"__proto__":1}', '{"__proto__":2}'],
  ["a member name in another case", '{"a":1}', '{"A":1}'],
  ["a decomposed letter", '{"a":"\u00e9"}', '{"a":"e\u0301"}'],
  ["members moved between objects", '{"a":{"x":1},"b":{}}', '{"a":{},"b":{"x":1}}'],
  ["a body where there was an empty one", "", "{}"],
];

const nested = (levels: number, inner = "1"): string => "[".repeat(levels) + inner + "]".repeat(levels);

/** Bodies that are compared by their bytes, so that the second spelling is another request. */
const byBytes: readonly Row[] = [
  ["duplicate members", '{"a":1,"a":2}', '{"a":1, "a":2}'],
  ["duplicate members of which one is escaped", '{"a":1,"\\u0061":1}', '{"a":1, "\\u0061":1}'],
  ["duplicate members deep inside", '[{"b":{"a":1,"a":1}}]', '[{"b":{"a":1,"a":1}} ]'],
  ["a lone surrogate", '{"a":"\\ud800"}', '{"a":"\\uD800"}'],
  ["a lone surrogate in a member name", '{"\\udc00":1}', '{"\\udc00": 1}'],
  ["a surrogate pair in the wrong order", '{"a":"\\ude00\\ud83d"}', '{"a": "\\ude00\\ud83d"}'],
  ["65 levels", nested(65), nested(65, " 1")],
  ["10000 levels", nested(10_000), nested(10_000, " 1")],
  ["a trailing comma", '{"a":1,}', '{"a":1, }'],
  ["a comment", '{"a":1}//', '{"a": 1}//'],
  ["a leading zero", '{"a":01}', '{"a": 01}'],
  ["a byte order mark", '\ufeff{"a":1}', '\ufeff{"a": 1}'],
  ["no end", '{"a":1', '{"a": 1'],
  ["two values", "1 2", "1  2"],
];

const invalidUtf8 = (space: string): Buffer => Buffer.from(`{"a":${space}"\xff"}`, "latin1");

/** Two requests under one key, after an honest retry of the first. */
export function compare(section: string, title: string, first: Ask, second: Ask, outcome: "same" | "other"): Check {
  return {
    section,
    title: outcome === "same" ? `takes ${title} for the same request` : `takes ${title} for another request`,
    run: async ({ origin, path, send, key }) => {
      const [where, sent] = [path(), key()];
      const original = await send(where, { key: sent, ...first });
      expectRun(original, 1);
      // An honest retry is a retry under every rule.
      expectReplay(await send(where, { key: sent, ...first }), original);
      const answer = await send(where, { key: sent, ...second });
      if (outcome === "same") expectReplay(answer, original);
      else expectRefusal(answer, "key_reused");
      expectRuns(origin, where, 1);
    },
  };
}

const json = (body: string | Uint8Array, type = "application/json"): Ask => ({
  body,
  headers: [["Content-Type", type]],
});

const MEGABYTE = 1_000_000;
const text = (length: number): string => `"${"x".repeat(length - 20)}"`;
const large = (checks: readonly Check[]): readonly Check[] =>
  checks.map((check) => ({ ...check, needs: "5 MB bodies" satisfies RouteNeed }));

export const jsonFingerprint: readonly Check[] = [
  ...equal.map(([title, a, b]) => compare("3.8.2", title, json(a), json(b), "same")),
  ...different.map(([title, a, b]) => compare("3.8.2", title, json(a), json(b), "other")),
  ...["application/merge-patch+json", "application/vnd.api+json", "application/json; charset=utf-8"].map((type) =>
    compare("3.8.2", `other white space in ${type}`, json('{"a":1}', type), json('{ "a":1}', type), "same"),
  ),
  ...["text/json", "text/plain", "application/jsonp", "application/json-seq"].map((type) =>
    compare("3.8.3", `other white space in ${type}`, json('{"a":1}', type), json('{ "a":1}', type), "other"),
  ),
  ...byBytes.map(([title, a, b]) =>
    compare("3.8.3", `a JSON body with ${title} and other bytes`, json(a), json(b), "other"),
  ),
  compare(
    "3.8.3",
    "a JSON body of invalid UTF-8 and other bytes",
    json(invalidUtf8("")),
    json(invalidUtf8(" ")),
    "other",
  ),
  compare("3.8.3", "other white space at 64 levels", json(nested(64)), json(nested(64, " 1")), "same"),
  ...large([
    compare("3.8.3", "other white space just below 1 MB", json(text(MEGABYTE)), json(` ${text(MEGABYTE)}`), "same"),
    compare("3.8.3", "other white space beyond 1 MB", json(text(1_200_000)), json(` ${text(1_200_000)}`), "other"),
  ]),
];
