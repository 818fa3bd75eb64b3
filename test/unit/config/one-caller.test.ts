import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { withCallersOf } from "../../../src/config/one-caller.ts";
import { type Tenant } from "../../../src/config/policy.ts";
import { type Fault } from "../../../src/config/read-fields.ts";
import { strictestPolicy } from "../../../src/config/strictest-policy.ts";
import { HOST, tenant } from "./entries.ts";

const ORIGIN = { origin: "https://origin.example.com" };
const REQUIRED =
  'is required: it must be a list of what identifies a caller, such as ["authorization"]; with [], all requests are one caller';

function faultsOf(fields: Record<string, unknown>): readonly Fault[] {
  return parseConfig({ TENANTS: { [HOST]: { ...ORIGIN, ...fields } } }).faults;
}

/** Who the callers of `path` are. */
function callersAt(path: string, fields: Record<string, unknown>): Pick<Tenant, "callers" | "callersBefore"> {
  const own = tenant(parseConfig({ TENANTS: { [HOST]: { ...ORIGIN, ...fields } } }));
  const { callers, callersBefore } = withCallersOf(
    own,
    strictestPolicy(own, { method: "POST", headers: new Headers() }, path),
  );
  return { callers, callersBefore };
}

const ONE = { callers: { items: [], anonymous: "refuse", onChange: "separate" }, callersBefore: null };
const BY_CREDENTIAL = { callers: { items: [{ kind: "header", name: "authorization" }] } };

describe("3.5.14 one_caller", () => {
  test.each([{ profile: "webhook" }, { one_caller: true }])("an entry needs no caller: %j", (fields) => {
    expect(faultsOf(fields)).toEqual([]);
    expect(callersAt("/hooks", fields)).toEqual(ONE);
  });

  test.each([
    [{}],
    [{ profile: "acp" }],
    [{ one_caller: false, profile: "webhook" }],
    [{ profile: "webhook", routes: [{ match: "POST /v1/*", profile: "ietf" }] }],
    [{ profile: "webhook", routes: [{ match: "POST /v1/*", one_caller: false }] }],
    [{ routes: [{ match: "POST /hooks", profile: "webhook" }] }],
  ])("an entry with an operation that identifies callers needs one: %j", (fields) => {
    expect(faultsOf(fields)).toEqual([{ path: `TENANTS."${HOST}".caller`, message: REQUIRED }]);
  });

  test("a caller that can't be read is not a missing one", () => {
    expect(faultsOf({ profile: "webhook", caller: "authorization" }).map(({ path }) => path)).toEqual([
      `TENANTS."${HOST}".caller`,
    ]);
  });

  test("a route's requests are one caller, and no former rule holds for them", () => {
    const fields = {
      caller: ["authorization"],
      on_caller_change: "refuse",
      caller_was: { caller: ["x-user"], until: "2099-01-01" },
      routes: [{ match: "POST /hooks", profile: "webhook" }],
    };
    expect(callersAt("/hooks", fields)).toEqual(ONE);
    expect(callersAt("/v1/charges", fields)).toMatchObject({
      ...BY_CREDENTIAL,
      callersBefore: { untilMs: 4_070_908_800_000 },
    });
  });

  test("an entry's own caller comes before its profile, and one_caller before both", () => {
    const fields = { caller: ["authorization"], profile: "webhook" };
    expect(callersAt("/hooks", fields)).toMatchObject(BY_CREDENTIAL);
    expect(callersAt("/hooks", { ...fields, one_caller: true })).toEqual(ONE);
  });
});
