import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { tableIn } from "../../support/committed.ts";
import { conditions, rule, statuses } from "../record/answers.ts";
import { HOST, faultsWith, policyWith } from "./entries.ts";

const AT = `TENANTS."${HOST}".outcomes`;
const STATUS = 'must be a status from 200 to 599, such as 429, "5xx" or "500-504", or a list of them';
const IS = "must be a string, a number, true or false, or a list of them";
const IS_OF_ONE = 'must have "is" with either header or json';
const NO_CONDITION = "must have a condition: status, media_type, header, json, event or unless";

const final = (set: object): object => ({ ...set, outcome: "final" });

describe("a rule", () => {
  test.each<[object, ReturnType<typeof rule>]>([
    [final({ status: 200 }), rule(statuses(200), "final")],
    [final({ status: "5xx" }), rule({ statuses: [{ from: 500, to: 599 }] }, "final")],
    [final({ status: "500-504" }), rule({ statuses: [{ from: 500, to: 504 }] }, "final")],
    [final({ status: "404" }), rule(statuses(404), "final")],
    [
      final({ status: [404, "2xx"] }),
      rule(
        {
          statuses: [
            { from: 404, to: 404 },
            { from: 200, to: 299 },
          ],
        },
        "final",
      ),
    ],
    [final({ media_type: "Text/HTML" }), rule({ mediaTypes: ["text/html"] }, "final")],
    [final({ media_type: ["a/b", "c/d"] }), rule({ mediaTypes: ["a/b", "c/d"] }, "final")],
    [final({ header: "X-State" }), rule({ header: { name: "x-state", is: null } }, "final")],
    [
      { header: "grpc-status", is: ["14", 16], outcome: "not-executed" },
      rule({ header: { name: "grpc-status", is: ["14", "16"] } }, "not-executed"),
    ],
    [final({ json: "/a~1b/0" }), rule({ json: { pointer: ["a/b", "0"], is: null } }, "final")],
    [
      { json: "/code", is: ["A\u00e9", 10, 1.5, true], outcome: "unknown" },
      rule({ json: { pointer: ["code"], is: ['"A\u00e9"', "1e1", "15e-1", "true"] } }, "unknown"),
    ],
    [{ event: "error", outcome: "unknown" }, rule({ event: "error" }, "unknown")],
    [
      { unless: { media_type: "application/json" }, outcome: "unknown" },
      rule({}, "unknown", { mediaTypes: ["application/json"] }),
    ],
    [
      final({ status: 200, unless: { json: "/ok", is: true } }),
      { ...rule(statuses(200), "final"), unless: conditions({ json: { pointer: ["ok"], is: ["true"] } }) },
    ],
  ])("%j is read", (written, expected) => {
    expect(policyWith({ outcomes: [written] }).outcomes).toEqual([expected]);
  });

  test.each<[object | number, string, string]>([
    [429, "[0]", 'must be a table such as { status = "5xx", outcome = "not-executed" }'],
    [{ status: 429 }, "[0].outcome", "is required"],
    [{ status: 429, outcome: "released" }, "[0].outcome", 'must be "final" or "not-executed" or "unknown"'],
    [final({}), "[0]", NO_CONDITION],
    [final({ unless: {} }), "[0].unless", "must have a condition: status, media_type, header, json or event"],
    [final({ status: 199 }), "[0].status", STATUS],
    [final({ status: 600 }), "[0].status", STATUS],
    [final({ status: 429.5 }), "[0].status", STATUS],
    [final({ status: "1xx" }), "[0].status", STATUS],
    [final({ status: "504-500" }), "[0].status", STATUS],
    [final({ status: ["500", "5x"] }), "[0].status[1]", STATUS],
    [final({ status: [] }), "[0].status", "must not be empty"],
    [
      final({ media_type: "text/html; charset=utf-8" }),
      "[0].media_type",
      'must be a media type without parameters, such as "application/json", or a list of them',
    ],
    [final({ header: "x state" }), "[0].header", "must be a header name"],
    [final({ json: "code" }), "[0].json", 'must be a JSON Pointer to a member, such as "/order_id"'],
    [final({ event: "" }), "[0].event", 'must be the name of a server-sent event, such as "error"'],
    [final({ header: "x", is: { a: 1 } }), "[0].is", IS],
    [final({ header: "x", is: [null] }), "[0].is[0]", IS],
    [final({ status: 200, is: "1" }), "[0]", IS_OF_ONE],
    [final({ header: "x", json: "/a", is: "1" }), "[0]", IS_OF_ONE],
    [final({ stauts: 429 }), "[0].stauts", 'unknown field: did you mean "status"?'],
  ])("%j has one fault", (written, place, message) => {
    expect(faultsWith({ outcomes: [written] })).toEqual([{ path: AT + place, message }]);
  });

  test("must be able to match", () => {
    const rules = [
      { status: "5xx", outcome: "unknown" },
      { status: 502, outcome: "final" },
      { media_type: "text/html", event: "b", outcome: "final" },
    ];
    expect(faultsWith({ outcomes: rules })).toEqual([
      { path: `${AT}[1]`, message: "must be able to match: an earlier rule matches every such response" },
      { path: `${AT}[2]`, message: "must be able to match: its conditions exclude each other" },
    ]);
  });
});

describe("the rules in the documentation", () => {
  const docs = new URL("../../../docs/", import.meta.url).pathname;
  const blocks = readdirSync(docs)
    .filter((name) => name.endsWith(".md"))
    .flatMap((name) => {
      const found = readFileSync(join(docs, name), "utf8").matchAll(/```toml\n(outcomes = \[\n[^]*?\n\]\n)```/g);
      return [...found].map(([, toml = ""]) => [name, toml] as const);
    });

  test("are these", () => {
    expect(blocks.map(([name]) => name)).toEqual(["configuration.md", "deploying.md", "mcp.md"]);
  });

  test.each(blocks)("are valid: %s", (_, toml) => {
    const entry = `[TENANTS."${HOST}"]\norigin = "https://origin.example.com"\ncaller = []\n`;
    const { tenants, faults } = parseConfig(tableIn(entry + toml));
    expect([faults, (tenants.get(HOST)?.policy.outcomes ?? []).length > 1]).toEqual([[], true]);
  });
});

describe("the rules of a route", () => {
  test("replace those of its tenant and of its profile", () => {
    expect(policyWith({ profile: "acp", outcomes: [] }).outcomes).toEqual([]);
    expect(policyWith({ profile: "acp" }).outcomes).toHaveLength(2);
  });
});
