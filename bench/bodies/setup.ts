/** The setup of both measurements: an origin in its own process, and Workers on the bare runtime. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServerProcess, type ServerProcess } from "../../scripts/server-process.ts";
import { buildWorker, startWorkerd } from "../../scripts/workerd-process.ts";
import { endByHandlers } from "../support/process.ts";

/** The minimal Worker in front of an origin. */
const PASS_THROUGH = `export default {
  fetch(request, env) {
    const url = new URL(request.url);
    return fetch(new Request(env.TENANTS["*"].origin + url.pathname, request));
  },
};`;

const PASS_THROUGH_CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "pass-through", worker = (
      modules = [(name = "index.js", esModule = embed "../dist/index.js")],
      compatibilityDate = "2026-10-30",
      compatibilityFlags = ["enable_request_signal"],
      bindings = [(name = "TENANTS", fromEnvironment = "TENANTS")],
    )),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "storage", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "pass-through")],
);`;

export type Setup = {
  readonly origin: string;
  /** Starts a Worker with its own storage. `folder` identifies its process. */
  readonly start: (
    which: "oncegate" | "pass-through",
    settings?: object,
  ) => Promise<ServerProcess & { folder: string }>;
  readonly close: () => Promise<void>;
};

/** `storage` is the folder for records. It decides whether a disk or memory is measured. */
export async function setUp(storage: string): Promise<Setup> {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-bench-"));
  const records = mkdtempSync(join(storage, "oncegate-bench-"));
  const cleanUp = (): void => {
    for (const used of [folder, records]) rmSync(used, { recursive: true, force: true });
  };
  endByHandlers(cleanUp);
  const bundles = { oncegate: join(folder, "oncegate"), "pass-through": join(folder, "pass-through") };
  buildWorker(bundles.oncegate);
  for (const part of ["deploy", "dist"]) mkdirSync(join(bundles["pass-through"], part), { recursive: true });
  writeFileSync(join(bundles["pass-through"], "deploy", "workerd.capnp"), PASS_THROUGH_CONFIG);
  writeFileSync(
    join(bundles["pass-through"], "dist", "index.js"),
    PASS_THROUGH.replace('env.TENANTS["*"]', 'JSON.parse(env.TENANTS)["*"]'),
  );

  const running: ServerProcess[] = [];
  const keep = <T extends ServerProcess>(server: T): T => {
    running.push(server);
    return server;
  };
  const origin = keep(
    await startServerProcess({
      name: "the origin",
      args: [join(import.meta.dirname, "origin.ts")],
      cwd: import.meta.dirname,
      env: {},
      readUrl: (output) => /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0] ?? null,
      startTimeoutMs: 10_000,
    }),
  );
  let started = 0;
  return {
    origin: origin.url,
    start: async (which, settings = {}) => {
      const own = join(records, String(started++));
      const tenants = { "*": { origin: origin.url, caller: [], ...settings } };
      const server = keep(await startWorkerd({ bundle: bundles[which], port: 0, storage: own, tenants }));
      return { ...server, folder: own };
    },
    close: async () => {
      for (const server of running) await server.stop("at once");
      cleanUp();
    },
  };
}
