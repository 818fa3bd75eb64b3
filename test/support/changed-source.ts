/** Loads the code in plain Node.js, with changes of its source text: bounds that are small, and bugs that are planted. */

import { registerHooks } from "node:module";

export interface Replacement {
  /** Below src. */
  readonly file: string;
  /** Must be in the file once. */
  readonly text: string;
  readonly replacement: string;
}

const PLATFORM = `
export class DurableObject { constructor(ctx, env) { this.ctx = ctx; this.env = env; } }
export class RpcTarget {}
export class WorkerEntrypoint {}
`;

let loads = 0;

/**
 * The module at `url`. Each call loads it and all that it imports anew, with `changes`. Throws where one of them can't be made. The
 * platform's modules are stubs.
 */
export async function loadChanged(url: URL, changes: readonly Replacement[]): Promise<unknown> {
  const mark = `?load=${++loads}`;
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
      for (const change of ours) made.add(change);
      return { ...loaded, source: changedText(loaded.source, ours) };
    },
  });
  try {
    const module: unknown = await import(`${url.href}${mark}`);
    for (const change of changes) if (!made.has(change)) throw new Error(`nothing loads ${change.file}`);
    return module;
  } finally {
    hooks.deregister();
  }
}

/** `source` with each of `changes`. Throws where the text of one is not there once. */
export function changedText(source: unknown, changes: readonly Replacement[]): string {
  let text = textOf(source);
  for (const change of changes) {
    const parts = text.split(change.text);
    if (parts.length !== 2) throw new Error(`"${change.text}" is ${parts.length - 1} times in ${change.file}`);
    text = parts.join(change.replacement);
  }
  return text;
}

function textOf(source: unknown): string {
  if (typeof source === "string") return source;
  if (source instanceof Uint8Array) return new TextDecoder().decode(source);
  throw new Error("a module without a source");
}
