/** Runs the conformance suite against a peer: checks that pass, that differ by design, and that fail. */

import { declared } from "../../test/conformance/exceptions.ts";
import { startOrigin } from "../../test/conformance/origin.ts";
import { countOf } from "../../test/conformance/report.ts";
import { type Result, runChecks } from "../../test/conformance/run.ts";
import { suite } from "../../test/conformance/suite.ts";
import { type Need, allNeeds } from "../../test/conformance/tenants.ts";
import { type Runtime } from "../support/runtime.ts";
import { type Peer } from "./peers.ts";
import { startPeer } from "./start.ts";

export type Conformance = {
  readonly peer: string;
  readonly passed: number;
  readonly byDesign: number;
  readonly failed: number;
  readonly notApplicable: number;
  readonly failures: readonly { readonly section: string; readonly title: string; readonly why: string }[];
};

/** A setting that a middleware does not have is not a failure. */
const NOT_CONFIGURABLE: ReadonlyMap<Need, string> = new Map(allNeeds.map((need) => [need, "has no such setting"]));

export async function conformanceOf(runtime: Runtime, peer: Peer): Promise<Conformance> {
  const origin = await startOrigin(0);
  const running = await startPeer(runtime, peer, `http://127.0.0.1:${origin.port}`, true);
  // If a peer dies, requests of the suite fail later without a handler. The checks that sent them time out.
  const died = (error: Error): void => console.error(`${peer.name}: ${error.message}`);
  process.on("uncaughtException", died);
  try {
    const unmet = peer.name === "oncegate" ? new Map<Need, string>() : NOT_CONFIGURABLE;
    const results = await runChecks(suite, { url: new URL(running.url), origin }, unmet, () => {});
    return summaryOf(peer, results);
  } finally {
    process.off("uncaughtException", died);
    await running.stop();
    await origin.stop();
  }
}

function summaryOf(peer: Peer, all: readonly Result[]): Conformance {
  const results = all.map((result) => declared(result, peer.byDesign));
  const failures = results.filter((result) => result.outcome === "fail");
  return {
    peer: peer.name,
    passed: countOf(results, "pass"),
    byDesign: countOf(results, "excepted"),
    failed: failures.length,
    notApplicable: countOf(results, "not applicable"),
    failures: failures.map(({ check, why }) => ({ section: check.section, title: check.title, why })),
  };
}
