// npm run test:proof
//
// What takes too long for every change: the model of the boundary with each of its planted faults (npm run boundary), the larger worlds
// of the exploration (npm run model -- --large), two minutes of the simulation from new seeds, and its planted bugs (npm run simulate),
// each change of test/holes with the test that must notice it (npm run holes), and mutants (npm run mutation), of which a later run tries
// those alone that have changed. Takes one to two hours the first time. Needs `spin` and a C compiler, which are packages of Debian and
// Homebrew. Ends with 1 where one of them does.

import { spawnSync } from "node:child_process";
import { beginScript, runScript } from "./help.ts";

const COMMANDS = [
  ["scripts/boundary.ts"],
  ["test/model/main.ts", "--large"],
  // From other seeds each time.
  ["test/simulation/main.ts", "--minutes", "2", "--seed", String(Math.floor(Math.random() * 2 ** 31))],
  ["test/simulation/main.ts", "--bugs"],
  ["test/holes/main.ts"],
  ["tools/mutation/main.ts"],
];

beginScript(import.meta.filename);
await runScript(() => {
  const failed = COMMANDS.filter((command) => spawnSync(process.execPath, command, { stdio: "inherit" }).status !== 0);
  if (failed.length > 0) console.error(`failed: ${failed.map((command) => command.join(" ")).join("; ")}`);
  return failed.length === 0 ? 0 : 1;
});
