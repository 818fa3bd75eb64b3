// What a command line asks for, for the program and for the project's own runner.

import { nameOf } from "../check.ts";
import { type ProfileName, profiles } from "../profiles.ts";
import { type Plan, readCommandLine, type Where } from "./command-line.ts";
import { EXIT } from "./conform.ts";
import { HELP } from "./help.ts";

/** Resolves to the exit status. `run` is called only for a run. */
export async function runCommand(
  argv: readonly string[],
  defaultProfile: ProfileName,
  run: (plan: Plan, where: Where) => Promise<number>,
): Promise<number> {
  const command = readCommandLine(argv, defaultProfile);
  switch (command.kind) {
    case "help":
      process.stdout.write(HELP);
      return EXIT.passed;
    case "list":
      process.stdout.write(`${command.checks.map(nameOf).join("\n")}\n`);
      return EXIT.passed;
    case "print tenants":
      process.stdout.write(`${JSON.stringify(profiles[command.profile].tenants(command.originPort))}\n`);
      return EXIT.passed;
    case "wrong":
      console.error(command.message);
      return EXIT.notDone;
    case "run":
      return run(command.plan, command.where);
  }
}
