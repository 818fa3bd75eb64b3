import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

describe("where records live", () => {
  test.each([
    ["nowhere in particular", {}, null, undefined],
    ["in a jurisdiction", { jurisdiction: "eu" }, "eu", undefined],
    ["at a location", { location: "weur" }, null, { locationHint: "weur" }],
    ["at a location in a jurisdiction", { jurisdiction: "us", location: "enam" }, "us", { locationHint: "enam" }],
  ])("is said when an object is got: %s", async (_, placement, jurisdiction, options) => {
    scriptOrigin();
    const getByName = vi.spyOn(env.KEYS, "getByName");
    const within = vi.spyOn(env.KEYS, "jurisdiction").mockReturnValue(env.KEYS);
    const client = clientOf(placement);
    const key = uniqueKey();
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("executed");
    expect(statusOf(await client.post("/v1/charges", { key }))).toBe("replayed");
    expect(within.mock.calls).toEqual(jurisdiction === null ? [] : [[jurisdiction], [jurisdiction]]);
    const said = options === undefined ? [] : [options];
    expect(getByName.mock.calls).toEqual([
      [expect.stringMatching(/^[0-9a-f]{64}$/), ...said],
      [expect.stringMatching(/^[0-9a-f]{64}$/), ...said],
    ]);
    vi.restoreAllMocks();
  });

  test("is never given up where the platform can't keep to it, as here: nothing is sent", async () => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => {});
    const origin = scriptOrigin();
    expect(await problemOf(await clientOf({ jurisdiction: "eu" }).post("/v1/charges"))).toBe("503 unavailable");
    expect(origin.received).toEqual([]);
    logged.mockRestore();
  });
});
