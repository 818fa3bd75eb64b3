import { expect, test } from "vitest";
import { QUICK, STATES_MIN, explored, model } from "./lines.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { SMALL } from "./world.ts";

const OTHERS = Object.keys(SMALL).filter((name) => !QUICK.some((quick) => quick === name));

test("no event of the other worlds, in any order, breaks a promise", async () => {
  const worlds = await explored(OTHERS);

  expect(worlds.map(({ name }) => name)).toEqual(OTHERS);
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
