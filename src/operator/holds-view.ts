/** What is on hold at a hostname, as operators see it (docs/operator-api.md O9.3). */

import { holdsOf } from "../config/holds.ts";
import { type Tenant } from "../config/policy.ts";

export interface HoldView {
  /** `HOLD`, `mode`, or the name of an entry in KV, such as `hold:api.example.com`. */
  readonly name: string;
  readonly reason: string | null;
  readonly since: string | null;
  /** Null for all of the hostname's. */
  readonly routes: readonly string[] | null;
}

/** As this isolate knows it: a hold in KV may be up to 30 seconds older or newer. */
export async function holdsView(env: object, hostname: string, tenant: Tenant): Promise<HoldView[]> {
  const holds = await holdsOf(env, hostname, tenant.entry);
  const inKv = holds.map(({ name, reason, sinceMs, routes }): HoldView => {
    return { name, reason, since: sinceMs === null ? null : new Date(sinceMs).toISOString(), routes };
  });
  return [...inKv, ...configured(tenant)];
}

/** `mode = "hold"` of the entry, or of some of its routes. */
function configured({ policy, routes }: Tenant): HoldView[] {
  const held = routes.filter((route) => route.policy.mode === "hold").map(({ match }) => match);
  const about = { name: "mode", reason: null, since: null };
  if (policy.mode === "hold" && held.length === routes.length) return [{ ...about, routes: null }];
  const listed = policy.mode === "hold" ? ["*", ...held] : held;
  return listed.length === 0 ? [] : [{ ...about, routes: listed }];
}
