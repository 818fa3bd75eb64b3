// Measures calls to objects from inside the account (`npm run measure -- --account`). Its objects store nothing. It is on
// the public internet for some minutes, so a request without the token of this deployment gets 404.

import { DurableObject } from "cloudflare:workers";
import { LOCATIONS, type Location, ROUNDS_MAX, type Sample, UNKNOWN_PLACE } from "./protocol.ts";

type Env = { TOKEN: string; PROBES: DurableObjectNamespace<Probe> };

/** The object does not learn its place in any other way. */
const TRACE = "https://www.cloudflare.com/cdn-cgi/trace";
const TRACE_TIMEOUT_MS = 5000;

export class Probe extends DurableObject<Env> {
  /** Looks for a record and finds none, as the gateway's object does for a new key. */
  touch(): boolean {
    return this.ctx.storage.kv.get("record") === undefined;
  }

  async place(): Promise<string> {
    try {
      const response = await fetch(TRACE, { signal: AbortSignal.timeout(TRACE_TIMEOUT_MS) });
      return /^colo=(\w+)$/m.exec(await response.text())?.[1] ?? UNKNOWN_PLACE;
    } catch {
      return UNKNOWN_PLACE;
    }
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (request.headers.get("authorization") !== `Bearer ${env.TOKEN}`) return new Response(null, { status: 404 });
    if (pathname === "/ready") return new Response("ready");
    const rounds = Math.min(Number(searchParams.get("rounds")), ROUNDS_MAX);
    const location = LOCATIONS.find((one) => one === searchParams.get("location"));
    const workerAt = typeof request.cf?.colo === "string" ? request.cf.colo : UNKNOWN_PLACE;
    const samples: Sample[] = [];
    for (let round = 0; round < rounds; round++) {
      samples.push(...(await measureOnce(env.PROBES, location, { workerAt, isUniqueFirst: round % 2 === 1 })));
    }
    return Response.json(samples);
  },
};

async function measureOnce(
  probes: DurableObjectNamespace<Probe>,
  locationHint: Location | undefined,
  { workerAt, isUniqueFirst }: { readonly workerAt: string; readonly isUniqueFirst: boolean },
): Promise<Sample[]> {
  const options = locationHint === undefined ? {} : { locationHint };
  const name = crypto.randomUUID();
  const unique = probes.get(probes.newUniqueId(), options);
  const timeUnique = (): Promise<number> => timed(() => unique.touch());
  // Either is first in half of the rounds, so that neither gains by what the other warms up.
  const before = isUniqueFirst ? await timeUnique() : null;
  const named = await timed(() => probes.getByName(name, options).touch());
  const warm = await timed(() => probes.getByName(name, options).touch());
  const first = before ?? (await timeUnique());
  // After the measured calls.
  const namedAt = await probes.getByName(name, options).place();
  return [
    { call: "named", ms: named, workerAt, objectAt: namedAt },
    { call: "warm", ms: warm, workerAt, objectAt: namedAt },
    { call: "unique", ms: first, workerAt, objectAt: await unique.place() },
  ];
}

/** The clock of a Worker stands still except while it waits, in steps of a millisecond. */
async function timed(call: () => Promise<boolean>): Promise<number> {
  const startedMs = Date.now();
  await call();
  return Date.now() - startedMs;
}
