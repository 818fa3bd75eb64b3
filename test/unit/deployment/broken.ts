/** A deployment without faults, and what is found where one place of it is broken. */

import { type Finding, checkDeployment } from "../../../scripts/deployment/check.ts";

export const SOUND = `name = "oncegate"
main = "src/index.ts"
compatibility_date = "2026-10-30"
compatibility_flags = ["enable_request_signal"]
workers_dev = false
preview_urls = false
routes = [{ pattern = "api.shop.io", custom_domain = true }]
version_metadata = { binding = "CF_VERSION_METADATA" }
[durable_objects]
bindings = [
  { name = "KEYS", class_name = "KeyObject" },
  { name = "SHADOWS", class_name = "ShadowObject" },
  { name = "JOURNALS", class_name = "Journal" },
]
code_update_strategy = { mode = "deferred", max_delay = 900 }

[[migrations]]
tag = "v1"
new_sqlite_classes = ["KeyObject", "ShadowObject", "Journal"]

[observability.logs]
enabled = true
invocation_logs = false

[[ratelimits]]
name = "KEYED_REQUESTS"
namespace_id = "1001"
simple = { limit = 600, period = 60 }

[vars]
EDGE = "cloudflare"

[vars.SECRETS]
ORIGIN_SECRET = { purpose = "origin_auth", hostnames = ["api.shop.io"] }

[vars.TENANTS."api.shop.io"]
origin = "https://origin.shop.io"
caller = ["authorization"]
rate_limit = { binding = "KEYED_REQUESTS" }

[[vars.TENANTS."api.shop.io".routes]]
match = "POST /v1/charges"
key = "required"
`;

/** What is broken, and what is found. */
export type Broken = readonly [what: string, from: string, to: string, ...found: string[]];

/** `SOUND` with `from`, which must be in it, replaced by `to`. */
export function broken(from: string, to: string): string {
  if (!SOUND.includes(from)) throw new Error(`not in the deployment: ${from}`);
  return SOUND.replace(from, to);
}

export function findingsIn(text: string, environment: string | null = null): readonly Finding[] {
  return checkDeployment({ file: "wrangler.toml", text, environment, variables: {} }).findings;
}

/** As an editor takes it, and as a reader does. */
export function shortly({ rule, line, column, message, fix }: Finding): string {
  return `${line}:${column} ${rule}: ${message}${fix === null ? "" : ` | ${fix}`}`;
}
