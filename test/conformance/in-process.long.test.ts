import { expect, test } from "vitest";
import { testConformance } from "./as-tests.ts";
import { unmetBy } from "./oncegate-target.ts";

test("leaves no check out", () => {
  expect([...unmetBy["in-process"]]).toEqual([]);
});

testConformance("in-process");
