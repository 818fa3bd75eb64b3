// node examples/payments-origin/main.ts [--port 9100] [--ledger payments.sqlite] [--latency-ms 250]

import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { DEFAULT_PORT, startPaymentsOrigin } from "./server.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    port: { type: "string", default: String(DEFAULT_PORT) },
    ledger: { type: "string", default: ":memory:" },
    "latency-ms": { type: "string", default: "250" },
  },
});

try {
  const origin = await startPaymentsOrigin({
    port: Number(values.port),
    ledgerPath: values.ledger,
    latencyMs: Number(values["latency-ms"]),
  });
  console.log(`payments origin on ${origin.url}, ledger: ${values.ledger}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void origin.close());
} catch (error) {
  // The port is taken, the ledger can't be opened, or an option is not a number. The message contains the cause.
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
