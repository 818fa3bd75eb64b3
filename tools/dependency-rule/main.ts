// npm run imports
//
// Fails if a file in src/ imports against the direction of the rooms (rules.mjs). Installs dependency-cruiser if it is missing.

import { join } from "node:path";
import { beginScript } from "../../scripts/help.ts";
import { cruise } from "./cruise.ts";

beginScript(import.meta.filename);
const { passed, report } = cruise(join(import.meta.dirname, "..", ".."));
console.log(report);
process.exitCode = passed ? 0 : 1;
