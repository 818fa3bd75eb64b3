import { describe, expect, test } from "vitest";
import { RULES } from "../../../scripts/deployment/check.ts";
import { FORBIDDEN_FLAGS } from "../../../scripts/deployment/rules/platform.ts";
import { type Broken, SOUND, broken, findingsIn, shortly } from "./broken.ts";
import { LOGS_AND_HOSTNAMES } from "./broken/logs-and-hostnames.ts";
import { PLATFORM_AND_OBJECTS } from "./broken/platform-and-objects.ts";
import { TENANTS } from "./broken/tenants.ts";

const BROKEN: readonly Broken[] = [...PLATFORM_AND_OBJECTS, ...LOGS_AND_HOSTNAMES, ...TENANTS];

describe("the rules of deployment", () => {
  test("find nothing in a sound deployment", () => {
    expect(findingsIn(SOUND)).toEqual([]);
  });

  test.each(BROKEN)("find %s", (_, from, to, ...expected) => {
    expect(findingsIn(broken(from, to)).map(shortly)).toEqual(expected.map((line) => line.replace(/ \| $/, "")));
  });

  test.each(Object.keys(FORBIDDEN_FLAGS))("find the flag %s", (flag) => {
    const [found] = findingsIn(broken('["enable_request_signal"]', `["enable_request_signal", "${flag}"]`));
    expect(found).toMatchObject({ rule: "compatibility-flags", line: 4, fix: `remove ${flag}` });
  });

  test("are all broken by one of the examples", () => {
    const found = BROKEN.flatMap(([, , , ...lines]) => lines.map((line) => line.split(" ")[1]?.replace(":", "")));
    expect(new Set(found)).toEqual(new Set(RULES.map(({ id }) => id)));
  });

  test.each(RULES)("say why: $id", ({ id, because }) => {
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(because).toMatch(/^[a-zC].+\.$/);
  });
});
