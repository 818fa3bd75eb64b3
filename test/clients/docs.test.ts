import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CLIENTS } from "./clients.ts";
import { BY_ITSELF_COLUMNS, DOCS, readTable } from "./docs.ts";

const SNIPPETS = join(import.meta.dirname, "snippets");

test.each(readdirSync(SNIPPETS))("docs/clients.md shows snippets/%s exactly", (file) => {
  expect(DOCS).toContain(`\`\`\`ts\n${readFileSync(join(SNIPPETS, file), "utf8")}\`\`\`\n`);
});

test("docs/clients.md names the versions that are tested", () => {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { readonly version: string }>>;
  };
  const rows = readTable(...BY_ITSELF_COLUMNS);
  expect([...rows.keys()]).toEqual(CLIENTS.map(({ name }) => name));
  for (const [name, { version }] of rows)
    expect([name, version]).toEqual([name, lock.packages[`node_modules/${name}`]?.version]);
});

test("docs/clients.md says how each client ends with its snippet", () => {
  const rows = readTable("client", "the response is cut short", "409 `in_flight`", "outcome unknown", "code");
  const said = [...rows].map(([name, row]) => [
    name,
    row["the response is cut short"],
    row["409 `in_flight`"],
    row["outcome unknown"],
  ]);
  expect(said).toEqual(
    CLIENTS.map(({ name, bought, answerIsCut, stillInFlight, outcomeIsUnknown }) => [
      name,
      ending(answerIsCut.ends, bought),
      ending(stillInFlight.ends, bought),
      outcomeIsUnknown.ends.replace(/ (\w+)$/, " `$1`"),
    ]),
  );
});

function ending(ends: string, bought: string): string {
  return ends === bought ? "comes again" : "error";
}
