/** A tenant with a route of each kind. */

import { parseConfig } from "../../../src/config/config.ts";
import { type Tenant } from "../../../src/config/policy.ts";

export function policyEntry(): Tenant {
  const entry = {
    origin: "https://origin.test",
    caller: ["authorization", "cookie:session"],
    routes: [
      { match: "POST /v1/charges", key: "required" },
      { match: "POST /v1/:name/:id{[0-9]+}", key: "required" },
      { match: "* /files/*", key: "off" },
    ],
  };
  const { tenants, faults } = parseConfig({ TENANTS: { "api.test": entry } });
  const tenant = tenants.get("api.test");
  if (!tenant) throw new Error(JSON.stringify(faults));
  return tenant;
}
