/** Imports the files of the sandbox anew, as often as wanted, and gives them their own "vitest". */

import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SMALL_BOUNDS } from "../../../test/simulation/bounds.ts";
import { changedText } from "../../../test/support/changed-source.ts";

/** By what files of the sandbox import. */
const OWN: Readonly<Record<string, string>> = {
  vitest: new URL("vitest.ts", import.meta.url).href,
  "cloudflare:workers": new URL("../../../test/unit/platform.ts", import.meta.url).href,
};

/** In the address of a module: a module with another mark is another one. `small` has the bounds of the simulator. */
const MARK = /\?generation=\d+(&small)?$/;

export class Modules {
  readonly #root: string;
  #generation = 0;

  constructor(root: string) {
    this.#root = root;
    const prefix = `${pathToFileURL(root).href}/`;
    registerHooks({
      resolve: (specifier, context, nextResolve) => {
        if (context.parentURL?.startsWith(prefix) !== true) return nextResolve(specifier, context);
        const own = OWN[specifier];
        if (own !== undefined) return { url: own, shortCircuit: true };
        const resolved = nextResolve(specifier, context);
        const [mark] = MARK.exec(context.parentURL) ?? [];
        const isOfSandbox = resolved.url.startsWith(prefix) && mark !== undefined;
        return isOfSandbox ? { ...resolved, url: `${resolved.url}${mark}` } : resolved;
      },
      load: (url, context, nextLoad) => {
        const loaded = nextLoad(url, context);
        const [mark, small] = MARK.exec(url) ?? [];
        if (mark === undefined || small === undefined) return loaded;
        const path = url.slice(0, -mark.length);
        const changes = SMALL_BOUNDS.filter(({ file }) => path.endsWith(`/src/${file}`));
        return changes.length === 0 ? loaded : { ...loaded, source: changedText(loaded.source, changes) };
      },
    });
  }

  /** From now on, every file is another module. */
  renew(): void {
    this.#generation++;
  }

  async import(file: string): Promise<void> {
    const small = file.endsWith("simulation.ts") ? "&small" : "";
    await import(`${pathToFileURL(join(this.#root, file)).href}?generation=${this.#generation}${small}`);
  }
}
