// Tests the implementation at a URL, with an origin of its own.

import { type Target } from "../context.ts";
import { type ScriptedOrigin, startOrigin } from "../origin.ts";
import { type Plan, type Where } from "./command-line.ts";
import { conform, EXIT } from "./conform.ts";
import { DEFAULT_ORIGIN_PORT } from "./help.ts";
import { preflight } from "./preflight.ts";

/** Resolves to the exit status. */
export async function againstUrl(plan: Plan, where: Where): Promise<number> {
  const { url, urlWithoutCatchAll: second } = where;
  if (url === null) return notDone("the URL of the implementation is missing; --help describes the command line");
  const origin = await originOf(where);
  if (typeof origin === "string") return notDone(origin);
  const target: Target = {
    url,
    origin,
    ...(second !== null && { urlWithoutCatchAll: () => Promise.resolve(second) }),
  };
  try {
    const fault = await preflight({ ...target, sending: plan.sending });
    return fault === undefined ? await conform(plan, target) : notDone(fault);
  } finally {
    await origin.stop();
  }
}

async function originOf({ originPort, originAddress }: Where): Promise<ScriptedOrigin | string> {
  const port = originPort ?? DEFAULT_ORIGIN_PORT;
  try {
    return await startOrigin(port, originAddress);
  } catch (error) {
    return `the origin can't listen on ${originAddress}:${port}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function notDone(message: string): number {
  console.error(message);
  return EXIT.notDone;
}
