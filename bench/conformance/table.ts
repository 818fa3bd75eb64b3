/** Renders what the conformance program has found of each peer. */

import { type Facts, factsLine } from "../support/facts.ts";

export type ProfileResult = {
  readonly totals: {
    readonly passed: number;
    readonly failed: number;
    readonly excepted: number;
    readonly not_applicable: number;
    readonly all: number;
  };
  readonly checks: readonly { readonly clause: string; readonly title: string; readonly outcome: string }[];
};

export type PeerResult = {
  readonly what: string;
  readonly ietf: ProfileResult;
  readonly core: ProfileResult;
  /** Reasons by the beginning of a check's name. */
  readonly byDesign: Readonly<Record<string, string>>;
};

type All = { readonly facts: Facts; readonly results: readonly PeerResult[]; readonly notRun: readonly string[] };

export function tableOf({ facts, results, notRun }: All): string {
  const head = `| | ietf: passed | failed | core: passed | declared | failed |
|---|---|---|---|---|---|`;
  const rows = results.map(({ what, ietf, core }) => {
    const cells = [
      ietf.totals.passed,
      ietf.totals.failed,
      core.totals.passed,
      core.totals.excepted,
      core.totals.failed,
    ];
    return `| ${[what, ...cells].join(" | ")} |`;
  });
  const missing =
    notRun.length === 0 ? "" : ` Not run, because redis-server is not on this machine: ${notRun.join(", ")}.`;
  const details = results.flatMap((result) => [...exceptionsOf(result), ...failuresOf(result)]);
  return [head, ...rows, "", `${factsLine(facts)}.${missing}`, "", ...details].join("\n").trimEnd();
}

/** Each reason once, with the clauses that it is for. */
function exceptionsOf({ what, byDesign }: PeerResult): string[] {
  const reasons = Map.groupBy(Object.keys(byDesign), (prefix) => byDesign[prefix] ?? "");
  if (reasons.size === 0) return [];
  const lines = [...reasons].map(([reason, of]) => `- ${of.join(", ")}: ${reason}`);
  return [`Declared for ${what}:`, "", ...lines, ""];
}

/** By clause, since a number alone does not show which promise is broken. */
function failuresOf({ what, ietf, core }: PeerResult): string[] {
  const failed = [...ietf.checks, ...core.checks].filter(({ outcome }) => outcome === "fail");
  if (failed.length === 0) return [];
  const clauses = Map.groupBy(failed, ({ clause }) => clause);
  const lines = [...clauses].map(([clause, of]) => {
    return of.length === 1 ? `- ${clause}: ${escaped(of[0]?.title ?? "")}` : `- ${clause}: ${of.length} checks`;
  });
  return [`<details><summary>${what}: failed clauses</summary>`, "", ...lines, "", "</details>", ""];
}

function escaped(title: string): string {
  return title.replaceAll(/[*_<|[\]]/gu, String.raw`\$&`);
}
