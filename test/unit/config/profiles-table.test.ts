import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ProfileName } from "../../../src/config/policy.ts";
import { PROFILES } from "../../../src/config/profiles.ts";
import { writeSource } from "../../../src/identity/key-carrier.ts";
import { ruleWords } from "../../../src/published-policy/outcome-rules.ts";
import { duration } from "../../../src/published-policy/rows.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..", "..");
const PAGE = readFileSync(join(REPOSITORY, "docs/profiles.md"), "utf8");
const NAMES: ProfileName[] = ["ietf", "stripe", "acp", "ucp", "mcp", "webhook"];

/** The cells of the rows under `header`, in every table that has it. */
function rowsUnder(header: string, text = PAGE): string[][] {
  return text
    .split(`${header}\n`)
    .slice(1)
    .flatMap((rest) => {
      const rows = rest.split("\n\n")[0]?.split("\n").slice(1) ?? [];
      return rows.map((row) =>
        row
          .split("|")
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    });
}

function written(table: Readonly<Record<string, string | number>>): string {
  const items = Object.entries(table).map(([code, value]) => `${code} ${value}`);
  return items.length === 0 ? "none" : items.join(", ");
}

/** Empty where the profile leaves it. */
function durationOf(ms: number | undefined): string {
  return ms === undefined
    ? ""
    : duration(ms / 1000)
        .replace("1 min", "1m")
        .replace(" ", "");
}

/** In the words of docs/profiles.md, by the names of the fields. */
function valuesOf(name: ProfileName): Record<string, string> {
  const profile = PROFILES[name];
  return {
    key: profile.key,
    key_from: profile.keyFrom.flat().map(writeSource).join(" "),
    key_scope: profile.keyScope,
    methods: profile.methods.join(" "),
    ttl: duration(profile.ttlMs / 1000)
      .replace("1 d", "24h")
      .replace("2 d", "48h")
      .replace("7 d", "7d"),
    fingerprint: profile.fingerprint.name,
    outcomes: profile.outcomes.length === 0 ? "none" : profile.outcomes.map(ruleWords).join("; "),
    echo: profile.echo.length === 0 ? "none" : profile.echo.join(" "),
    errors: profile.errors,
    error_status: written(profile.errorStatus),
    error_code: written(profile.errorCode),
    replayed_header: profile.replayedHeader,
    rpc: profile.rpc ?? "",
    rpc_methods: profile.rpcMethods?.join(" ") ?? "",
    one_caller: String(profile.oneCaller ?? ""),
    max_request_bytes: String(profile.requestBytesMax ?? ""),
    wait: durationOf(profile.waitMs),
    origin_timeout: durationOf(profile.originTimeoutMs),
    origin_deadline: durationOf(profile.originDeadlineMs),
    on_unknown: profile.onUnknown ?? "",
    max_attempts: String(profile.maxAttempts ?? ""),
  };
}

describe("docs/profiles.md", () => {
  test("has the values of every field of every profile", () => {
    const rows = rowsUnder("| field | ietf | stripe | acp | ucp | mcp | webhook |");
    for (const [index, name] of NAMES.entries()) {
      const actual = rows.map((cells) => [cells[0]?.replaceAll("`", ""), cells[index + 1]]);
      const expected = Object.entries(valuesOf(name));
      expect(actual.map(([field, value]) => [field, value?.toLowerCase()])).toEqual(
        expected.map(([field, value]) => [field, value.toLowerCase()]),
      );
    }
    const set = new Set(NAMES.flatMap((name) => Object.keys(PROFILES[name])));
    expect(Object.keys(valuesOf("webhook"))).toHaveLength(set.size);
  });

  const clauses = rowsUnder("| clause | test |").map(([clause = "", by = ""]) => {
    const [, file = "", title = ""] = /^`([^`]+)`: (.+)$/.exec(by) ?? [];
    return [clause, file, title] as const;
  });

  test("names a test for each clause", () => {
    expect(clauses.length).toBeGreaterThan(30);
    expect(clauses.filter(([, file, title]) => file === "" || title === "")).toEqual([]);
  });

  test.each(clauses)("%s: is in %s: %s", (_, file, title) => {
    expect(existsSync(join(REPOSITORY, file))).toBe(true);
    expect(readFileSync(join(REPOSITORY, file), "utf8")).toContain(`"${title}"`);
  });

  test.each(NAMES)("has a section for %s", (name) => {
    expect(PAGE).toContain(`\n## ${name}\n`);
  });
});
