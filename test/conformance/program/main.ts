#!/usr/bin/env node
// oncegate-conformance: the suite as a program of its own, for any implementation. `--help` describes it.

import { againstUrl } from "./against-url.ts";
import { runCommand } from "./command.ts";

process.exitCode = await runCommand(process.argv.slice(2), "ietf", againstUrl);
