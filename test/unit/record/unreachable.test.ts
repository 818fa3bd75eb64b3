import { expect, test } from "vitest";
import { unreachable } from "../../../src/record/record.ts";

test("what can't be reached ends in an error that shows no value", () => {
  expect(() => unreachable("secret-key" as never)).toThrow(/^unreachable case: string$/);
});
