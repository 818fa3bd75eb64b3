# Oncegate on the open-source runtime, without Cloudflare (docs/self-hosting.md). Build and start it by
#
#   npm run build
#   ORIGIN=http://127.0.0.1:3000 npm run serve -- --storage /var/lib/oncegate
#
# TENANTS, as JSON, in place of ORIGIN has every field (docs/configuration.md). Without the launcher nothing locks the storage
# directory: a second process on it would run keys again.

using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "oncegate", worker = .oncegate),
    # Origins are often on a private network, which the runtime does not reach unless told so.
    (name = "internet", network = (allow = ["public", "private"], tlsOptions = (trustBrowserCas = true))),
    (name = "storage", disk = (writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8787", http = (), service = "oncegate")],
);

const oncegate :Workerd.Worker = (
  modules = [(name = "index.js", esModule = embed "../dist/index.js")],
  # The same as in wrangler.toml.
  compatibilityDate = "2026-10-30",
  compatibilityFlags = ["enable_request_signal"],
  bindings = [
    (name = "KEYS", durableObjectNamespace = "KeyObject"),
    (name = "SHADOWS", durableObjectNamespace = "ShadowObject"),
    (name = "JOURNALS", durableObjectNamespace = "Journal"),
    # Unset, there are no operators: nothing is answered under /_oncegate, and no journal is kept. SECRETS must list it, as JSON:
    # {"OPERATOR_TOKEN":{"purpose":"operator_token","hostnames":["*"]}}. A further secret needs a binding here, too.
    (name = "OPERATOR_TOKEN", fromEnvironment = "OPERATOR_TOKEN"),
    (name = "SECRETS", fromEnvironment = "SECRETS"),
    # Unset, clients reach this process themselves. "proxy": the last entry of X-Forwarded-For is the client's address.
    (name = "EDGE", fromEnvironment = "EDGE"),
    (name = "ORIGIN", fromEnvironment = "ORIGIN"),
    (name = "CALLER", fromEnvironment = "CALLER"),
    (name = "TENANTS", fromEnvironment = "TENANTS"),
    # "true": nothing new is executed, for all hostnames (docs/settling.md).
    (name = "HOLD", fromEnvironment = "HOLD"),
  ],
  durableObjectNamespaces = [
    (className = "KeyObject", uniqueKey = "oncegate-keys", enableSql = true),
    (className = "ShadowObject", uniqueKey = "oncegate-shadows", enableSql = true),
    (className = "Journal", uniqueKey = "oncegate-journals", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "storage"),
);
