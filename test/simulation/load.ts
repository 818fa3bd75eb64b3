/**
 * Loads the simulator in plain Node.js: the platform's module is a stub, the code's bounds are small, and a planted bug is one more change
 * of the source text.
 */

import { registerHooks } from "node:module";
import { type Replacement, SMALL_BOUNDS } from "./bounds.ts";
import type * as Simulate from "./simulate.ts";

const PLATFORM = `
export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class RpcTarget {}
export class WorkerEntrypoint {}
`;

let loads = 0;

/** The simulator of the code with `bug`, or as it is. Each call loads modules of its own. */
export async function loadSimulator(bug: Replacement | null): Promise<typeof Simulate> {
  const mark = `?load=${++loads}`;
  const changes = bug === null ? SMALL_BOUNDS : [...SMALL_BOUNDS, bug];
  const made = new Set<Replacement>();
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      if (specifier.startsWith("cloudflare:")) {
        return { url: `data:text/javascript,${encodeURIComponent(PLATFORM)}`, format: "module", shortCircuit: true };
      }
      const resolved = next(specifier, context);
      const isOurs = specifier.startsWith(".") && context.parentURL?.endsWith(mark) === true;
      return isOurs ? { ...resolved, url: `${resolved.url}${mark}` } : resolved;
    },
    load: (url, context, next) => {
      const loaded = next(url, context);
      const ours = changes.filter(({ file }) => url.endsWith(`/src/${file}${mark}`));
      if (ours.length === 0) return loaded;
      const { source } = loaded;
      if (typeof source !== "object" && typeof source !== "string") throw new Error(`no source of ${url}`);
      let text = typeof source === "string" ? source : new TextDecoder().decode(source);
      for (const change of ours) {
        const parts = text.split(change.text);
        if (parts.length !== 2) throw new Error(`"${change.text}" is ${parts.length - 1} times in ${change.file}`);
        text = parts.join(change.replacement);
        made.add(change);
      }
      return { ...loaded, source: text };
    },
  });
  try {
    const simulator = (await import(`./simulate.ts${mark}`)) as typeof Simulate;
    for (const change of changes) if (!made.has(change)) throw new Error(`nothing loads ${change.file}`);
    return simulator;
  } finally {
    hooks.deregister();
  }
}
