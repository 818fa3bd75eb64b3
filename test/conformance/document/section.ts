// The list of checks in docs/conformance.md, made from their definitions.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Check } from "../check.ts";
import { type ProfileName, profiles } from "../profiles.ts";
import { reasonOf } from "../reasons.ts";

const DOCS = join(import.meta.dirname, "..", "..", "..", "docs");
export const PAGE = join(DOCS, "conformance.md");

/** Profiles whose clauses are those of another document. */
const CONTRACTS: readonly ProfileName[] = ["ietf", "stripe", "acp"];

export function checksSection(): string {
  const contracts = CONTRACTS.map((name) => `### Profile ${name}\n\n${contractTable(profiles[name].checks)}`);
  return [...contracts, `### Profiles core and oncegate\n\n${protocolList(profiles.oncegate.checks)}`].join("\n\n");
}

function contractTable(checks: readonly Check[]): string {
  const rows = checks.map((check) => `| ${check.section} | ${titleOf(check)} | ${reasonOf(check)} |`);
  return ["| clause | check | why |", "|---|---|---|", ...rows].join("\n");
}

function protocolList(checks: readonly Check[]): string {
  const headings = protocolHeadings();
  const parts = Map.groupBy(checks, ({ section }) => partOf(section));
  return [...parts].map(([part, of]) => protocolPart(headings.get(part) ?? part, of)).join("\n\n");
}

/** `3.4` of `3.4.2`, and `2` of `2 P1`. */
function partOf(section: string): string {
  const [number = ""] = section.split(" ");
  return number.split(".").slice(0, 2).join(".");
}

function protocolPart(heading: string, checks: readonly Check[]): string {
  const clauses = [...Map.groupBy(checks, ({ section }) => section)].map(([section, of]) => {
    const [first] = of;
    const items = of.map((check) => `- ${titleOf(check)}`);
    return [`**${section}** ${first === undefined ? "" : reasonOf(first)}`, "", ...items].join("\n");
  });
  const summary = `<summary>${heading}: ${checks.length} ${checks.length === 1 ? "check" : "checks"}</summary>`;
  return [`<details>${summary}`, "", clauses.join("\n\n"), "", "</details>"].join("\n");
}

function titleOf({ title, needs }: Check): string {
  const escaped = title.replaceAll(/[*_<|[\]]/gu, String.raw`\$&`);
  return needs === undefined ? escaped : `${escaped} (needs \`${needs}\`)`;
}

/** The numbered headings of the protocol, by their number. */
function protocolHeadings(): ReadonlyMap<string, string> {
  const text = readFileSync(join(DOCS, "protocol.md"), "utf8");
  const headings = [...text.matchAll(/^##+ (\d+(?:\.\d+)?)\.? (.+)$/gmu)];
  return new Map(headings.map(([, number = "", title = ""]) => [number, `${number} ${title}`]));
}
