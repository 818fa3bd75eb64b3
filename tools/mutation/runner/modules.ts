/** Imports the files of the sandbox anew, as often as wanted, and gives them their own "vitest". */

import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** By what files of the sandbox import. */
const OWN: Readonly<Record<string, string>> = {
  vitest: new URL("vitest.ts", import.meta.url).href,
  "cloudflare:workers": new URL("cloudflare-workers.ts", import.meta.url).href,
};

/** In the address of a module: a module with another number is another one. */
const GENERATION = /\?generation=\d+$/;

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
        const [generation] = GENERATION.exec(context.parentURL) ?? [];
        const isOfSandbox = resolved.url.startsWith(prefix) && generation !== undefined;
        return isOfSandbox ? { ...resolved, url: `${resolved.url}${generation}` } : resolved;
      },
    });
  }

  /** From now on, every file is another module. */
  renew(): void {
    this.#generation++;
  }

  async import(file: string): Promise<void> {
    await import(`${pathToFileURL(join(this.#root, file)).href}?generation=${this.#generation}`);
  }
}
