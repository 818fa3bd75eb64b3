import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { holdInVariable, readHold } from "../../../src/config/hold.ts";
import { HOLD_BOUNDS } from "../../../src/config/holds.ts";
import { KnownEntries } from "../../../src/config/known-entries.ts";
import { listedSecrets } from "../../../src/config/secrets.ts";
import { fakeClock, fakeStore } from "./fake-store.ts";

describe("4.6.5 the variable HOLD", () => {
  const FAULT = { path: "HOLD", message: 'must be "true" or "false" (until then, everything is on hold)' };
  test.each([
    [{}, false, []],
    [{ HOLD: null }, false, []],
    [{ HOLD: "" }, false, []],
    [{ HOLD: "false" }, false, []],
    [{ HOLD: false }, false, []],
    [{ HOLD: "true" }, true, []],
    [{ HOLD: true }, true, []],
    [{ HOLD: "TRUE" }, true, [FAULT]],
    [{ HOLD: "0" }, true, [FAULT]],
    [{ HOLD: 0 }, true, [FAULT]],
  ])("%j: on hold is %s", (env, isHeld, faults) => {
    expect(holdInVariable(env) !== null).toBe(isHeld);
    expect(parseConfig({ EDGE: "none", ...env }).faults).toEqual(faults);
  });

  test("is not a secret", () => {
    const { faults } = listedSecrets({ SECRETS: { HOLD: { purpose: "jwt", hostnames: ["*"] } } });
    expect(faults).toEqual([{ path: "SECRETS.HOLD", message: "must not be a variable of the gateway" }]);
  });
});

describe("4.6.5 an entry of KV", () => {
  test("has a reason, a time, and routes", () => {
    const text = JSON.stringify({ reason: "INC-42", since: "2026-11-30T12:00:00Z", routes: ["POST /v1/:kind"] });
    const { hold, faults } = readHold("hold:api.test", text);
    expect(faults).toEqual([]);
    expect(hold).toMatchObject({ name: "hold:api.test", reason: "INC-42", sinceMs: Date.UTC(2026, 10, 30, 12) });
    expect([hold.covers("POST", "/v1/charges"), hold.covers("PUT", "/v1/charges"), hold.covers("POST", "/v2")]).toEqual(
      [true, false, false],
    );
  });

  test("without routes covers everything", () => {
    const { hold, faults } = readHold("hold:*", "{}");
    expect([hold.covers("DELETE", "/any"), hold.routes, hold.reason, hold.sinceMs, faults]).toEqual([
      true,
      null,
      null,
      null,
      [],
    ]);
  });

  test("says which field can't be read, and covers everything then", () => {
    const { hold, faults } = readHold("hold:api.test", '{"routes": ["POST /v1/charges"], "reasn": "INC-42"}');
    expect(hold.covers("POST", "/v1/refunds")).toBe(true);
    expect(faults).toEqual([
      {
        path: "hold:api.test.reasn",
        message: 'unknown field: did you mean "reason"? (until then, everything is on hold)',
      },
    ]);
  });
});

describe("4.6.7 while KV can't be read", () => {
  test.each([
    ["a hold", "held", { kind: "found", entry: ["hold"] }],
    ["no hold", "free", { kind: "absent" }],
  ])("the last value is used after two seconds, and for ever: %s", async (_, name, value) => {
    const store = fakeStore<string[]>({ held: ["hold"] });
    const clock = fakeClock();
    const known = new KnownEntries(store.read, clock, HOLD_BOUNDS);
    expect(await known.get(name)).toEqual(value);
    store.mood = "stuck";
    await clock.pass(365 * 24 * 60 * 60_000);
    const waiting = known.get(name);
    let isOver = false;
    void waiting.then(() => (isOver = true));
    await clock.pass(1999);
    expect(isOver).toBe(false);
    await clock.pass(1);
    expect(await waiting).toEqual(value);
    // The next requests don't wait.
    expect(await known.get(name)).toEqual(value);
    expect(store.reads).toEqual([name, name]);
  });
});
