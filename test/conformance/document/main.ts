// npm run conformance:docs
//
// Writes the checks, their clauses and their reasons into docs/conformance.md.

import { fillIn } from "../../../bench/support/document.ts";
import { beginScript } from "../../../scripts/help.ts";
import { checksSection, PAGE } from "./section.ts";

beginScript(import.meta.filename);
fillIn(PAGE, "checks", checksSection());
