/** The steps of `npm run measure -- --account`: deploy the probe, wait for it, take samples, remove it. */

import { randomBytes } from "node:crypto";
import { type Defer } from "../../scripts/cleanup.ts";
import { versionOf } from "../support/facts.ts";
import { type Patience, takeSamples, untilReady } from "./ask-probe.ts";
import { type Removal, deployProbe } from "./deployment.ts";
import { type Location, type Sample } from "./protocol.ts";
import { type Measured, figuresOf } from "./report.ts";

export interface Options {
  readonly name: string;
  readonly samples: number;
  /** Where objects are created; null is near the Worker. */
  readonly locations: readonly (Location | null)[];
  readonly keep: boolean;
}

export interface Tools {
  readonly wrangler: string;
  readonly patience: Patience;
  readonly report: (text: string) => void;
  readonly defer: Defer;
}

/** The command removes what has this name, so it must not be that of another Worker. */
const NAME = /^oncegate-measure(?:-[a-z0-9-]{1,40})?$/;

export function assertName(name: string): string {
  if (!NAME.test(name))
    throw new Error(`--name must begin with oncegate-measure, since that Worker is removed: ${name}`);
  return name;
}

/** `removal` is complete when all that was deferred has run. */
export async function measureAccount(
  { name, samples: count, locations, keep }: Options,
  { wrangler, patience, report, defer }: Tools,
): Promise<{ measured: Measured; removal: Removal }> {
  const token = randomBytes(24).toString("hex");
  report(`deploying ${name} ...`);
  const [url, removal] = await deployProbe({ name, token, wrangler, keep }, defer);
  const probe = { url, token };
  report("waiting until it answers ...");
  await untilReady(probe, patience);
  const samples: Sample[] = [];
  for (const location of locations) {
    samples.push(...(await takeSamples(probe, count, { location, patience, report })));
  }
  const measured = {
    date: new Date().toISOString(),
    wrangler: versionOf("wrangler"),
    samplesEach: count,
    locations: locations.map((location) => location ?? "nearest"),
    figures: figuresOf(samples),
    samples,
  };
  return { measured, removal };
}
