// node examples/llm-origin/main.ts [--port 9200] [--token-ms 50]

import { parseArgs } from "node:util";
import { beginScript } from "../../scripts/help.ts";
import { DEFAULT_PORT, startLlmOrigin } from "./server.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    port: { type: "string", default: String(DEFAULT_PORT) },
    "token-ms": { type: "string", default: "50" },
  },
});

try {
  const origin = await startLlmOrigin({ port: Number(values.port), tokenMs: Number(values["token-ms"]) });
  console.log(`llm origin on ${origin.url}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void origin.close());
} catch (error) {
  // The port is taken, or an option is not a number. The message contains the cause.
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
