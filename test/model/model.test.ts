import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type Exploration } from "./exploration.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { SMALL } from "./world.ts";

/** A bound that shrinks a world by mistake is noticed: each has more states than this. */
const STATES_MIN = 5000;

type Line = Exploration & { readonly name: string };

/** What `npm run model` prints. A process of its own, because it loads the code by itself. */
async function model(...args: string[]): Promise<Line[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ["test/model/main.ts", "--json", ...args]).catch(
    (error: { readonly stdout: string }) => error,
  );
  return stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Line]));
}

test("no event of any world, in any order, breaks a promise", async () => {
  const worlds = await model();

  expect(worlds.map(({ name }) => name)).toEqual(Object.keys(SMALL));
  for (const { violation, states } of worlds) {
    expect(violation).toBeNull();
    expect(states).toBeGreaterThan(STATES_MIN);
  }
});

test("each planted bug is found", async () => {
  const bugs = await model("--bugs");

  const found = bugs.filter(({ violation }) => violation !== null).map(({ name }) => name);
  expect(found).toEqual(PLANTED_BUGS.map(({ name }) => name));
});
