// The command with a wrangler that is not one, and with little patience. Its values are JSON in the first argument.

import { join } from "node:path";
import { type Values, measureCommand } from "../../../bench/account/command.ts";
import { runScript } from "../../../scripts/help.ts";

const values = JSON.parse(process.argv[2] ?? "{}") as Values;
const patience = { readyMs: 3000, pollMs: 20, requestMs: 3000 };
await runScript(() => measureCommand(values, join(import.meta.dirname, "fake-wrangler.ts"), patience));
