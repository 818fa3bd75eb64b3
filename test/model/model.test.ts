import { expect, test } from "vitest";
import { QUICK, STATES_MIN, explored } from "./lines.ts";

test("no event of these worlds, in any order, breaks a promise", async () => {
  const worlds = await explored(QUICK);

  expect(worlds.map(({ name }) => name)).toEqual(QUICK);
  for (const { violation, states } of worlds) {
    expect(violation).toBeNull();
    expect(states).toBeGreaterThan(STATES_MIN);
  }
});
