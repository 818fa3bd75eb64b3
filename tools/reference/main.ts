// npm run reference
//
// Makes the reference of the package from its types and their doc comments: dist/reference/index.html. Fails where an export, or a
// field of one, has no doc comment.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beginScript } from "../../scripts/help.ts";
import { installSeparately } from "../../scripts/separate-package.ts";

const HERE = import.meta.dirname;
const TYPEDOC = join(HERE, "node_modules", "typedoc", "bin", "typedoc");

beginScript(import.meta.filename);
const passed =
  installSeparately(HERE) &&
  spawnSync(process.execPath, [TYPEDOC, "--options", join(HERE, "typedoc.json")], { cwd: HERE, stdio: "inherit" })
    .status === 0;
process.exitCode = passed ? 0 : 1;
