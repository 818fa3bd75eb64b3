/** What goes wrong at a planned moment. */

import { type Command } from "../../src/record/operate.ts";
import { unreachable } from "../../src/record/record.ts";
import { digestOf } from "../crash/history.ts";
import { answerBody } from "./bodies.ts";
import { type Sim, count, mishap } from "./sim.ts";
import { type FaultKind } from "./world.ts";

const JOURNAL = { entry: "*", placement: { jurisdiction: null, location: null } } as const;

const CLOCK_MS = [1_000, 20_000, 7_200_000] as const;

export function apply(sim: Sim, kind: FaultKind): void {
  const { host, choices } = sim;
  switch (kind) {
    case "crash":
      return host.crash("crash");
    case "superseded":
      return host.supersede();
    case "commit fails":
      return host.failCommit();
    case "write fails":
      return failWrite(sim);
    case "clock back":
      sim.skewMs -= choices.pick(CLOCK_MS);
      return;
    case "clock ahead":
      sim.skewMs += choices.pick(CLOCK_MS);
      sim.skewMaxMs = Math.max(sim.skewMaxMs, sim.skewMs);
      return;
    case "alarm early":
    case "alarm twice":
      return host.alarms.fireExtra();
    case "network cut":
      return host.cutNetwork();
    case "operator settles":
      return operate(sim, choices.pick(["final", "not-executed"] as const));
    case "operator frees":
      return operate(sim, "release");
    case "operator erases":
      return operate(sim, "purge");
    default:
      return unreachable(kind);
  }
}

function failWrite(sim: Sim): void {
  const { storage } = sim.host.current();
  const { process } = sim.host;
  storage.failures = 1;
  storage.onFailure = () => {
    count(sim, "write failed");
    if (process !== null) sim.origin.storageFailed(process);
  };
}

function operate(sim: Sim, act: "final" | "not-executed" | "release" | "purge"): void {
  const { host, choices, epochs } = sim;
  const seen: unknown = Reflect.get(Object(host.disk.values.get("record")), "attempt_id");
  const attemptId = typeof seen === "string" && choices.once(2) ? seen : null;
  // Not by the epoch: an operator may act twice in one.
  const id = `s${sim.origin.bodies.size}`;
  const body = answerBody(id, choices.pick([20, 100]));
  sim.origin.bodies.set(id, body);
  const answer = { status: 201, digest: digestOf(body), bytes: body.byteLength };
  const command = commandOf(act, attemptId, body.byteLength, sim.world.policy.ttlMs);
  const by = { tenant: "api.example", journal: JOURNAL, role: "operator" } as const;
  const call = host.call(`an operator: ${act}`, (process) => {
    host.isOperating = true;
    try {
      const done = process.object.operate(by, command, act === "final" ? body : null);
      if (!done.done) return;
      count(sim, `operator: ${act} took effect`);
      if (act !== "final") return;
      const at = sim.scheduler.stamp();
      sim.settled.push({ record: epochs.nameOf(epochs.now), at, generation: process.generation, answer });
    } finally {
      host.isOperating = false;
    }
  });
  // The operator sees the error.
  call.catch(() => mishap(sim, "operator's call failed", 0));
}

function commandOf(
  act: "final" | "not-executed" | "release" | "purge",
  attemptId: string | null,
  bodyBytes: number,
  ttlMs: number,
): Command {
  switch (act) {
    case "final":
      return { action: "settle", outcome: "final", answer: { status: 201, headers: [], bodyBytes }, ttlMs, attemptId };
    case "not-executed":
      return { action: "settle", outcome: "not-executed", attemptId };
    case "release":
    case "purge":
      return { action: act, attemptId };
    default:
      return unreachable(act);
  }
}
