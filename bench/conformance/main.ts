// npm run bench:conformance [-- --peers all --json FILE --write]
//
// Runs the program of docs/conformance.md against Oncegate and each peer, with the profiles ietf and core. --write puts the
// table into docs/conformance.md.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beginScript } from "../../scripts/help.ts";
import { PAGE } from "../../test/conformance/document/section.ts";
import { installPeers } from "../comparison/install.ts";
import { PEERS, type Peer } from "../comparison/peers.ts";
import { hasRedis, startPeer } from "../comparison/start.ts";
import { fillIn } from "../support/document.ts";
import { facts, resultFile, writeJson } from "../support/facts.ts";
import { freePort } from "../support/free-port.ts";
import { namesOf, parseOptions } from "../support/options.ts";
import { createRuntime, type Runtime } from "../support/runtime.ts";
import { runProgram } from "./program.ts";
import { type PeerResult, type ProfileResult, tableOf } from "./table.ts";

beginScript(import.meta.filename);
const values = parseOptions({
  peers: { type: "string", default: "all" },
});
const names = namesOf(
  "peers",
  values.peers,
  PEERS.map(({ name }) => name),
);

installPeers();
const redis = hasRedis();
const canRun = ({ runs }: Peer): boolean => redis || runs.on !== "node" || !runs.redis;
const asked = PEERS.filter(({ name }) => names.includes(name));
const runtime = createRuntime();
const folder = mkdtempSync(join(tmpdir(), "oncegate-bench-conformance-"));
try {
  const about = facts();
  const results: PeerResult[] = [];
  for (const peer of asked.filter(canRun)) {
    const ietf = await resultOf(runtime, peer, "ietf");
    const core = await resultOf(runtime, peer, "core");
    results.push({ what: peer.what, ietf, core, byDesign: peer.byDesign });
    console.error(`${peer.name}: ${JSON.stringify(ietf.totals)} ${JSON.stringify(core.totals)}`);
  }
  const notRun = asked.filter((peer) => !canRun(peer)).map(({ what }) => what);
  const result = { facts: about, results, notRun };
  writeJson(resultFile("conformance", values), result);
  const text = tableOf(result);
  console.log(text);
  if (values.write) fillIn(PAGE, "peers", text);
} finally {
  await runtime.close();
  rmSync(folder, { recursive: true, force: true });
}

async function resultOf(of: Runtime, peer: Peer, profile: "ietf" | "core"): Promise<ProfileResult> {
  const port = await freePort();
  const running = await startPeer(of, peer, `http://127.0.0.1:${port}`, { policies: true });
  const [json, except] = [join(folder, "results.json"), join(folder, "exceptions.json")];
  writeFileSync(except, JSON.stringify(peer.byDesign));
  // A middleware cannot be configured as the checks with needs require. Exceptions are to clauses of the protocol.
  const options = ["--profile", profile, "--json", json, ...(profile === "core" ? ["--except", except] : [])];
  try {
    await runProgram([running.url, "--origin-port", String(port), ...options]);
    return JSON.parse(readFileSync(json, "utf8")) as ProfileResult;
  } finally {
    await running.stop();
  }
}
