// Where the scenarios play: one gateway on the bare runtime for all suites, each at its own hostname, and a scripted origin.

import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ServerProcess } from "../../scripts/server-process.ts";
import { buildWorker, startWorkerd } from "../../scripts/workerd-process.ts";
import { type Ask, type Exchange, open } from "../conformance/client.ts";
import { startOrigin } from "../conformance/origin.ts";
import { secretsNamedBy } from "../support/secrets.ts";
import { type Suite } from "./scenario.ts";
import { type Stage } from "./stage.ts";

const TOKEN = "token-of-the-operators";

export type Theatre = {
  readonly stageFor: (suite: Suite) => Stage;
  readonly output: () => string;
  readonly stop: () => Promise<void>;
};

export async function openTheatre(suites: readonly Suite[]): Promise<Theatre> {
  const folder = await mkdtemp(join(tmpdir(), "oncegate-others-"));
  const storage = join(folder, "records");
  const origin = await startOrigin(0);
  const log: string[] = [];
  const tenants = Object.fromEntries(
    suites.map(({ host, entry }) => [host, { origin: `http://127.0.0.1:${origin.port}`, ...entry }]),
  );
  const start = (port: number): Promise<ServerProcess> =>
    startWorkerd({
      bundle: folder,
      port,
      storage,
      tenants,
      variables: { OPERATOR_TOKEN: TOKEN, SECRETS: JSON.stringify(secretsNamedBy(tenants)) },
      onOutput: (text) => void log.push(text),
    });
  let running: ServerProcess | undefined;
  const stop = async (): Promise<void> => {
    await running?.stop();
    await origin.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    buildWorker(folder);
    running = await start(0);
  } catch (error) {
    await stop();
    throw error;
  }
  const url = new URL(running.url);
  const crash: Stage["crash"] = async (meanwhile = () => Promise.resolve()) => {
    await running?.stop("at once");
    await meanwhile(storage);
    running = await start(Number(url.port));
  };
  return { stageFor: ({ host }) => stageAt({ url, host, origin, crash }), output: () => log.join(""), stop };
}

type Parts = Pick<Stage, "origin" | "crash"> & { readonly url: URL; readonly host: string };

function stageAt({ url, host, origin, crash }: Parts): Stage {
  const opened = (path: string, ask: Ask = {}): Exchange => open(url, path, { host, ...ask });
  return {
    origin,
    crash,
    fresh: (prefix = "") => `${prefix}/${randomUUID()}`,
    key: () => randomUUID(),
    open: opened,
    send: (path, ask) => opened(path, ask).answer,
    operator: (method, path, body) =>
      opened(`/_oncegate/v1${path}`, {
        method,
        caller: `Bearer ${TOKEN}`,
        ...(body !== undefined && { json: JSON.stringify(body) }),
      }).answer,
  };
}
