import { beforeEach, expect, test, vi } from "vitest";
import { isRefusal } from "../../../src/http/problem.ts";
import { faultOf, lateFaultOf } from "../../../src/worker/fault.ts";

let logged: { event: string; id: string; why: string }[] = [];
beforeEach(() => {
  logged = [];
  vi.spyOn(console, "warn").mockImplementation((line: unknown) => void logged.push(JSON.parse(String(line)) as never));
  return () => vi.restoreAllMocks();
});

test.each([
  ["before anything is sent", faultOf, "internal", "before anything was sent"],
  [
    "after something may have been sent",
    lateFaultOf,
    "origin_unreachable",
    "not known whether the request took effect",
  ],
] as const)("a fault %s says so, and is found in the log by its id", (_, refusalOf, code, claim) => {
  const refusal = refusalOf(new Error("boom"), { tenant: "api.example.com", record: "5eed" });
  expect(isRefusal(refusal)).toBe(true);
  expect(refusal.code).toBe(code);
  expect(refusal.detail).toContain(claim);
  const id = /under ([0-9a-f-]{36})\.$/.exec(refusal.detail ?? "")?.[1];
  expect(logged).toMatchObject([{ event: "fault", id, tenant: "api.example.com", record: "5eed" }]);
  expect(logged[0]?.why).toContain("boom");
});
