/** The command itself, with a wrangler to run: a test has one of its own. */

import { randomBytes } from "node:crypto";
import { withCleanup } from "../../scripts/cleanup.ts";
import { writeJson } from "../support/facts.ts";
import { namesOf, numberOf } from "../support/options.ts";
import { type Patience } from "./ask-probe.ts";
import { confirm } from "./confirm.ts";
import { assertName, measureAccount } from "./measure.ts";
import { LOCATIONS } from "./protocol.ts";
import { tableOf } from "./report.ts";

export interface Values {
  readonly account: boolean;
  readonly samples: string;
  readonly locations: string;
  readonly name?: string | undefined;
  readonly json?: string | undefined;
  readonly keep: boolean;
  readonly yes: boolean;
}

const SAMPLES_MAX = 10_000;

/** Returns 0, or 1 where it has measured and the Worker may be left in the account. Throws where it has not measured. */
export async function measureCommand(values: Values, wrangler: string, patience: Patience): Promise<number> {
  if (!values.account) throw new Error("use --account: it deploys a Worker to your account (--help)");
  const samples = numberOf("samples", values.samples, 1);
  if (!Number.isInteger(samples) || samples > SAMPLES_MAX) {
    throw new Error(`--samples must be a whole number of at most ${SAMPLES_MAX}`);
  }
  const known = ["nearest", ...LOCATIONS] as const;
  const locations = namesOf("locations", values.locations, known).map((one) => (one === "nearest" ? null : one));
  const name = assertName(values.name ?? `oncegate-measure-${randomBytes(4).toString("hex")}`);
  if (!values.yes && !(await isAllowed(name, values.keep))) throw new Error("nothing was deployed");
  const report = (text: string): void => console.error(text);
  const { measured, removal } = await withCleanup((defer) =>
    measureAccount({ name, samples, locations, keep: values.keep }, { wrangler, patience, report, defer }),
  );
  console.log(tableOf(measured));
  if (values.json !== undefined) writeJson(values.json, measured);
  return removal.isLeft ? 1 : 0;
}

async function isAllowed(name: string, keep: boolean): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error("there is no terminal for the question whether to deploy: use --yes");
  const end = keep ? "It stays there (--keep)." : "It is removed at the end.";
  return confirm(`Deploy the Worker ${name} to your Cloudflare account? ${end}`, process.stdin, process.stderr);
}
