import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startPaymentsOrigin } from "../../../examples/payments-origin/server.ts";
import { findCrashFaults } from "../../../scripts/demo/crash-verdict.ts";
import { runCrash } from "../../../scripts/demo/crash.ts";
import { holdNetwork } from "../../../scripts/demo/held-network.ts";
import { planCrash } from "../../../scripts/demo/plan.ts";
import { buildWorker, startWorkerd } from "../../../scripts/workerd-process.ts";
import { closing } from "./stub-gateway.ts";

// Uses the real gateway on the real runtime, since the demo's promise depends on both.
test("a crash during payments is resolved by asking the origin", { timeout: 180_000 }, async () => {
  const plan = planCrash(1);
  const folder = await mkdtemp(join(tmpdir(), "oncegate-"));
  closing({ close: () => rm(folder, { recursive: true }) });
  buildWorker(folder);
  const network = holdNetwork(plan.length);
  const { cardNetwork } = network;
  const origin = closing(await startPaymentsOrigin({ port: 0, ledgerPath: ":memory:", cardNetwork }));
  const startGateway = async (settings: object) => {
    const tenants = { "*": { origin: origin.url, caller: ["authorization"], ...settings } };
    const gateway = await startWorkerd({ bundle: folder, port: 0, storage: join(folder, "records"), tenants });
    closing({ close: () => gateway.stop("at once") });
    return { url: gateway.url, kill: () => gateway.stop("at once") };
  };
  const lines: string[] = [];

  const stories = await runCrash(plan, { startGateway, origin, network, report: (line) => lines.push(line) });

  expect(findCrashFaults(stories, origin.charges())).toEqual([]);
  expect(origin.charges()).toHaveLength(8);
  expect(lines).toEqual([
    "8 requests have reached the payments API, which waits for the card network",
    "kill -9: the gateway is gone, and 8 clients have no answer",
    "the API goes on without it: 3 charged, 5 still waiting",
    "before: the gateway runs again, every client asks again: 8 unknown (it never guesses)",
    "after:  the gateway may ask the API, every client asks again: 3 final (charged before), 5 executed once",
    "the card network consents to the attempts that still wait: 0 charged, the API has fenced them off",
  ]);
});
