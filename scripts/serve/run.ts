// Runs the gateway until a signal stops it.

import { type Served, valuesOf } from "./configuration.ts";
import { EXIT } from "./exit.ts";
import { hintOfOpenFiles, openFilesMax } from "./open-files.ts";
import { type StorageState, stateOf } from "./restored.ts";
import { type Runtime, startRuntime } from "./runtime.ts";

export interface RunOptions {
  readonly config: string;
  readonly storage: string;
  readonly listen: string;
  readonly drainMs: number;
  readonly lockFd: number;
  readonly served: Served;
}

/** The variable that puts the whole deployment on hold. A configuration that does not bind it has a fault. */
const HOLD = "HOLD";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Returns the exit code when the runtime has ended. */
export async function runGateway(options: RunOptions): Promise<number> {
  const { served, storage } = options;
  const variables = valuesOf(served.variables);
  const state = stateOf(storage);
  if (state.kind === "restored") variables[HOLD] = "true";
  // Before the runtime starts, so that no signal ends the launcher alone.
  const stop = Promise.withResolvers<NodeJS.Signals>();
  const onSignal = (signal: NodeJS.Signals): void => stop.resolve(signal);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    const runtime = await startRuntime({ ...options, variables });
    console.log(introductionOf(options, runtime, state));
    const hint = hintOfOpenFiles(openFilesMax());
    if (hint !== null) console.log(hint);
    return await endOf(runtime, stop.promise, options.drainMs);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

async function endOf(runtime: Runtime, stopped: Promise<NodeJS.Signals>, drainMs: number): Promise<number> {
  const first = await Promise.race([stopped, runtime.ended]);
  if (typeof first !== "string") {
    console.error(`The runtime ended by itself (${first.signal ?? `exit code ${first.code}`}).`);
    return EXIT.endedByItself;
  }
  console.log(`${first}: requests that run have ${drainMs / 1000} s to end`);
  const isDrained = await runtime.drain(drainMs);
  console.log(isDrained ? "stopped" : "stopped; attempts that still ran are cut, and their outcome is unknown");
  return isDrained ? EXIT.done : EXIT.cut;
}

function introductionOf({ storage, listen, served }: RunOptions, { pid, port }: Runtime, state: StorageState): string {
  const host = listen.slice(0, listen.lastIndexOf(":"));
  const sources = [...served.variables].map(([name, { from }]) => `${name} from ${from}`);
  const lines = [
    `gateway  http://${host}:${port} (process ${pid})`,
    `storage  ${storage}`,
    `set      ${sources.join(", ")}`,
  ];
  if (state.kind !== "restored") return lines.join("\n");
  return [
    ...lines,
    `ON HOLD  ${state.text}`,
    "         Records are replayed, and nothing new is executed. To end it: npm run serve -- release, and a restart.",
  ].join("\n");
}
