import { describe, expect, test } from "vitest";
import { requireFlags } from "../../../src/package/required-flags.ts";

const GOOD = {
  enable_ctx_exports: true,
  durable_object_io_tasks_prevent_eviction: true,
  request_signal_passthrough: false,
};

function startWith(flags: object | undefined): () => void {
  return () => requireFlags(flags === undefined ? {} : { Cloudflare: { compatibilityFlags: flags } });
}

describe("what the compatibility date must bring", () => {
  test("a Worker with all of it starts, and one whose runtime does not show its flags", () => {
    for (const flags of [GOOD, {}, undefined]) expect(startWith(flags)).not.toThrow();
  });

  test.each([
    ["enable_ctx_exports", false, '"enable_ctx_exports" to compatibility_flags'],
    ["durable_object_io_tasks_prevent_eviction", false, "set compatibility_date to 2026-10-01 or later"],
    ["request_signal_passthrough", true, 'remove "request_signal_passthrough"'],
  ])("without %s it fails with the cure", (flag, value, cure) => {
    expect(startWith({ ...GOOD, [flag]: value })).toThrow(cure);
  });
});
