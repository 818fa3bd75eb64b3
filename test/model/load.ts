/**
 * Loads the exploration in plain Node.js: the platform's modules are stubs, since what is explored uses nothing of them, and a planted bug
 * is a change of the source text of one module.
 */

import { registerHooks } from "node:module";
import { type Exploration } from "./exploration.ts";
import { type PlantedBug } from "./planted-bugs.ts";
import { type World } from "./world.ts";

const PLATFORM = "export class DurableObject {}\nexport class RpcTarget {}\nexport class WorkerEntrypoint {}\n";

interface Explorer {
  readonly explore: (world: World) => Exploration;
}

let loads = 0;

/** The exploration of the code with `bug`, or as it is. Each call loads modules of its own. */
export async function loadExplorer(bug: PlantedBug | null): Promise<Explorer> {
  const mark = `?load=${++loads}`;
  let isPlanted = false;
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
      if (bug === null || !url.endsWith(`/src/${bug.file}${mark}`)) return loaded;
      const { source } = loaded;
      if (typeof source !== "object" && typeof source !== "string") throw new Error(`no source of ${url}`);
      const text = typeof source === "string" ? source : new TextDecoder().decode(source);
      const parts = text.split(bug.text);
      if (parts.length !== 2)
        throw new Error(`planted bug "${bug.name}": its text is ${parts.length - 1} times in ${bug.file}`);
      isPlanted = true;
      return { ...loaded, source: parts.join(bug.replacement) };
    },
  });
  try {
    const explorer = (await import(`./explore.ts${mark}`)) as Explorer;
    if (bug !== null && !isPlanted) throw new Error(`planted bug "${bug.name}": nothing loads ${bug.file}`);
    return explorer;
  } finally {
    hooks.deregister();
  }
}
