// npm run bench:profile [-- --keys known --worker oncegate --seconds 5 --top 40]
// Where the processor's time goes: the functions of a Worker by their own time, and with all that they call.

import { parseArgs } from "node:util";
import { freshKey, post, run } from "../support/load.ts";
import { namesOf, numberOf } from "../support/options.ts";
import { createRuntime } from "../support/runtime.ts";
import { hottest, profile } from "./profiler.ts";

const INSPECTOR = "127.0.0.1:19229";
const KNOWN_KEYS = 200;

const { values } = parseArgs({
  options: {
    keys: { type: "string", default: "known" },
    worker: { type: "string", default: "oncegate" },
    seconds: { type: "string", default: "5" },
    top: { type: "string", default: "40" },
  },
});
const [keys = "known"] = namesOf("keys", values.keys, ["known", "fresh", "none"] as const);
const [name = "oncegate"] = namesOf("worker", values.worker, ["oncegate", "bare", "proxy"] as const);
const seconds = numberOf("seconds", values.seconds, 1);
const top = numberOf("top", values.top, 1);

const runtime = createRuntime();
try {
  const origin = await runtime.startOrigin();
  const worker = await runtime.start(name, { origin: origin.url, storage: "memory", inspector: INSPECTOR });
  const known = Array.from({ length: KNOWN_KEYS }, freshKey);
  for (const key of known) await post(worker.url, key);
  let next = 0;
  const sources = { known: () => known[next++ % known.length] ?? null, fresh: freshKey, none: () => null };
  const load = { url: worker.url, connections: 16, key: sources[keys] };
  await run({ ...load, seconds: 3 });
  const taken = await profile(INSPECTOR, () => run({ ...load, seconds }));
  for (const kind of ["self", "total"] as const) {
    console.log(`\n${kind === "self" ? "by their own time" : "with what they call"}, percent`);
    for (const { where, percent } of hottest(taken, kind).slice(0, top)) console.log(percent.toFixed(1), where);
  }
} finally {
  await runtime.close();
}
