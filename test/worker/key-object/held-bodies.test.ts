/** Bodies in memory count in the isolate's budget until they are released, also where the storage fails under their request. */

import { expect, test, vi } from "vitest";
import { bodyBudget } from "../../../src/http/body-budget.ts";
import { arm } from "../../fault/workerd/storage-fault.ts";
import { clientOf, problemOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";
import { objectOf } from "../../support/records.ts";

const PATH = "/v1/charges";

test.each([
  ["small", 1000, "put record"],
  ["small", 1000, "setAlarm"],
  ["large", 200_000, "put record"],
  // The first `get` decides that its body may come in.
  ["large", 200_000, "get"],
])("a %s body (%i bytes) is released where the storage throws at %s", async (_, bytes, operation) => {
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const origin = scriptOrigin();
  const before = bodyBudget.heldBytes;
  const key = uniqueKey();
  const at = operation === "get" ? 2 : 1;
  const armed = await arm(await objectOf(key, PATH), "throws from then on", at, operation);
  const response = await clientOf().post(PATH, { key, json: { padding: "x".repeat(bytes) } });
  expect([await problemOf(response), armed.struck]).toEqual(["503 unavailable", true]);
  expect(origin.received).toEqual([]);
  expect(bodyBudget.heldBytes).toBe(before);
});
