import { expect, test, vi } from "vitest";
import { answer } from "../../../src/operator/answer.ts";
import { operatorProblem } from "../../../src/operator/problem.ts";

test("6.3.5 a refusal has an instance of its own, which its log line has too", async () => {
  const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
  const refusals = [answer(operatorProblem("running")), answer(operatorProblem("running"))];
  const bodies = await Promise.all(refusals.map((refusal) => refusal.json<{ instance: string }>()));
  const [first, second] = bodies.map(({ instance }) => instance);
  expect(first).toMatch(/^urn:uuid:[0-9a-f-]{36}$/);
  expect(second).not.toBe(first);
  const line = { event: "operator_problem", instance: first, code: "running", status: 409 };
  expect(JSON.parse(String(logged.mock.calls[0]?.[0]))).toMatchObject(line);
  logged.mockRestore();
});
