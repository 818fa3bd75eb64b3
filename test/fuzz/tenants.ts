/** What the gateway serves while strangers write to it. Each hostname stands for a way to tell callers or keys. */

const SHORT = { wait: "2s", origin_timeout: "8s", origin_deadline: "9s", unknown_ttl: "1h" };

interface Settings {
  readonly [field: string]: unknown;
}

export const HOSTS = ["auth.test", "cookie.test", "body.test", "derived.test", "based.test", "stripe.test"] as const;

/** What tells callers at a hostname; in the corpus, whatever is there. */
export function countedAt(host: string): readonly ("credential" | "user" | "cookie")[] {
  const name = nameOf(host);
  if (name === "cookie.test") return ["cookie", "user"];
  return HOSTS.some((one) => one === name) ? ["credential"] : ["credential", "user", "cookie"];
}

export function hasKeysInBodies(host: string): boolean {
  return nameOf(host) === "body.test";
}

function nameOf(host: string): string {
  return host.replace(/\.?(?::\d*)?$/, "");
}

/** Settings of each hostname in HOSTS; `origin` is the address of an origin that repeats what it gets. */
export function tenantsAt(origin: string): Record<string, Settings> {
  const plain = { origin, caller: ["authorization"], methods: ["POST", "PATCH", "PUT", "DELETE"], ...SHORT };
  return {
    "auth.test": { ...plain, cors: { origins: ["https://shop.example"] } },
    "cookie.test": { ...plain, caller: ["cookie:session", "x-user"] },
    "body.test": { ...plain, key_from: ["idempotency-key", "/idempotency_key"] },
    "derived.test": { ...plain, derive_key: { window: "5m" }, debug_timing: true },
    "based.test": { ...plain, origin: `${origin}/tenants/acme` },
    "stripe.test": { ...plain, profile: "stripe", routes: [{ match: "POST /v1/:name/*", key: "required" }] },
  };
}
