// Runs wrangler without network access, and without writing to the user's home folder.

import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

const REPOSITORY = join(import.meta.dirname, "..");

/** Run it with this Node.js, since the one on the PATH may be too old. */
export const WRANGLER = join(REPOSITORY, "node_modules", "wrangler", "bin", "wrangler.js");

/** A build takes 2 s, and on a machine with other work a minute. Beyond this it is stuck. */
const BUILD_TIMEOUT_MS = 170_000;

/** `folder` is for wrangler's own logs. */
export function wranglerEnvironment(folder: string): Record<string, string> {
  return {
    NO_COLOR: "1",
    // The banner queries the npm registry for a newer version.
    WRANGLER_HIDE_BANNER: "true",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_LOG_PATH: join(folder, "logs"),
    // Running Workers find each other through this registry. Two gateways of one name must not.
    WRANGLER_REGISTRY_PATH: join(folder, "registry"),
    // Otherwise wrangler fetches a sample of `request.cf` from the internet.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
  };
}

/** Bundles the Worker as a deploy would, without deploying, into `outdir`. */
export function bundleWorker(outdir: string, options: readonly string[] = []): void {
  const build = spawnSync(process.execPath, [WRANGLER, "deploy", "--dry-run", "--outdir", outdir, ...options], {
    cwd: REPOSITORY,
    encoding: "utf8",
    env: { ...process.env, ...wranglerEnvironment(join(tmpdir(), "oncegate-wrangler")) },
    timeout: BUILD_TIMEOUT_MS,
  });
  // Where its time is over, wrangler ends as if it were done, and has written nothing.
  if (build.error !== undefined) throw build.error;
  if (build.status !== 0) throw new Error(`wrangler could not build the Worker:\n${build.stdout}${build.stderr}`);
}
