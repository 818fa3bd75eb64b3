/** Sums the time of a CPU profile by function, and by the module of the function. */

export type Profile = {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

type ProfileNode = {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
};
type CallFrame = { readonly functionName: string; readonly url: string; readonly lineNumber: number };

export type Share = { readonly where: string; readonly percent: number };

/** The runtime's name for the only module of a bundled Worker. */
const BUNDLE_URL = "index.js";

/** For time outside of all modules. */
export const RUNTIME = "(the runtime)";
export const COLLECTION = "(garbage collection)";

/** The time by function: `self` is the function alone, `total` includes all that it calls. Hottest first. */
export function hottest(profile: Profile, kind: "self" | "total"): Share[] {
  return shares(profile, (stack) => new Set((kind === "self" ? stack.slice(0, 1) : stack).map(nameOf)));
}

/**
 * The time by module. A platform function such as `digest` or `exec` has no module, so its time counts for the module
 * that called it.
 */
export function byModule(profile: Profile, moduleOf: (line: number) => string): Share[] {
  return shares(profile, (stack) => {
    const ours = stack.find(({ url }) => url === BUNDLE_URL);
    if (ours !== undefined) return [moduleOf(ours.lineNumber)];
    return [stack[0]?.functionName === "(garbage collector)" ? COLLECTION : RUNTIME];
  });
}

/** The same time by function of the bundle, each with the file of its module. One without a name is shown by its first line. */
export function byFunction(
  profile: Profile,
  moduleOf: (line: number) => string,
  codeOf: (line: number) => string,
): Share[] {
  return shares(profile, (stack) => {
    const ours = stack.find(({ url }) => url === BUNDLE_URL);
    if (ours === undefined) return [stack[0]?.functionName === "(garbage collector)" ? COLLECTION : RUNTIME];
    const file = moduleOf(ours.lineNumber).split("/").at(-1) ?? "";
    return [`${ours.functionName || codeOf(ours.lineNumber)}, ${file}`];
  });
}

/** The same time by part. */
export function byPart(places: readonly Share[], partOf: (where: string) => string): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { where, percent } of places) sums.set(partOf(where), (sums.get(partOf(where)) ?? 0) + percent);
  return sums;
}

/** Maps lines of a bundle, from 0, to modules: esbuild writes a module's path above its code. */
export function modulesIn(bundle: string): (line: number) => string {
  let module = "(the bundle)";
  const modules = bundle.split("\n").map((line) => (module = MODULE.exec(line)?.[1] ?? module));
  return (line) => modules[line] ?? module;
}

const MODULE = /^\/\/ ((?:src|node_modules)\/\S+)$/;

/** The time in milliseconds that was not idle. */
export function busyMs(profile: Profile): number {
  return busySamples(profile).reduce((sum, { us }) => sum + us, 0) / 1000;
}

/** `placesOf` gets the stack of a sample, innermost function first. */
function shares(profile: Profile, placesOf: (stack: readonly CallFrame[]) => Iterable<string>): Share[] {
  const sums = new Map<string, number>();
  for (const { stack, us } of busySamples(profile)) {
    for (const place of placesOf(stack)) sums.set(place, (sums.get(place) ?? 0) + us);
  }
  const all = busyMs(profile) * 1000;
  return [...sums].map(([where, sum]) => ({ where, percent: (100 * sum) / all })).sort((a, b) => b.percent - a.percent);
}

function busySamples({ nodes, samples, timeDeltas }: Profile): { stack: CallFrame[]; us: number }[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parentOf = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const stackOf = (id: number | undefined): CallFrame[] => {
    const stack: CallFrame[] = [];
    for (let at = id; at !== undefined; at = parentOf.get(at)) {
      const node = byId.get(at);
      if (node !== undefined) stack.push(node.callFrame);
    }
    return stack;
  };
  const taken = samples.map((id, at) => ({ stack: stackOf(id), us: timeDeltas[at] ?? 0 }));
  return taken.filter(({ stack }) => stack[0] !== undefined && stack[0].functionName !== "(idle)");
}

function nameOf({ functionName, url, lineNumber }: CallFrame): string {
  return url === "" ? functionName : `${functionName || "(anonymous)"} ${url.split("/").at(-1)}:${lineNumber + 1}`;
}
