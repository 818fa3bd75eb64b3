// Runs after `npm ci`, with whatever Node.js runs npm: makes node_modules/.bin/node, which npm scripts run on.
//
// Each package of Node.js for one platform has a command `node`. npm 10 links none of them, because those for other platforms,
// which it leaves out, have the same command.

import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";

/** The oldest Node.js that runs this project's scripts: they are TypeScript. */
const MAJOR_MIN = 24;

const folder = join(process.argv[2] ?? join(import.meta.dirname, ".."), "node_modules");
const bin = join(folder, ".bin");
const program = join(folder, `node-${process.platform}-${process.arch}`, "bin", "node");

if (existsSync(program)) {
  const link = join(bin, "node");
  mkdirSync(bin, { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(relative(bin, program), link);
} else if (!existsSync(join(bin, "node.cmd")) && Number(process.versions.node.split(".")[0]) < MAJOR_MIN) {
  console.error(
    `npm has no Node.js for ${process.platform} ${process.arch} here, so scripts run on this machine's own: it must be ${MAJOR_MIN} or newer, and is ${process.versions.node}.`,
  );
  process.exitCode = 1;
}
