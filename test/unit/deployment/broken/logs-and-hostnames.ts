import { type Broken } from "../broken.ts";

const ROUTES = 'routes = [{ pattern = "api.shop.io", custom_domain = true }]';
const LOGS = "enabled = true\ninvocation_logs = false";
const ORIGIN = "https://origin.shop.io";

export const LOGS_AND_HOSTNAMES: readonly Broken[] = [
  [
    "no log",
    LOGS,
    "enabled = false\ninvocation_logs = false",
    "21:1 logs: the log is not kept | observability.logs.enabled = true, or logpush, or a tail consumer",
  ],
  [
    "invocation logs by default",
    LOGS,
    "enabled = true",
    "21:1 invocation-logs: invocation_logs is not set, and on by default | observability.logs.invocation_logs = false",
  ],
  [
    "invocation logs",
    "invocation_logs = false",
    "invocation_logs = true",
    "23:1 invocation-logs: invocation_logs is on | observability.logs.invocation_logs = false",
  ],
  [
    "no version in the log",
    'version_metadata = { binding = "CF_VERSION_METADATA" }',
    "",
    '1:1 version-metadata: version_metadata is missing | version_metadata = { binding = "CF_VERSION_METADATA" }',
  ],
  [
    "a version under another name",
    '"CF_VERSION_METADATA"',
    '"VERSION"',
    '8:1 version-metadata: version_metadata is bound as VERSION | version_metadata = { binding = "CF_VERSION_METADATA" }',
  ],
  [
    "traces",
    LOGS,
    `${LOGS}\n[observability.traces]\nenabled = true`,
    "25:1 traces: traces are on | observability.traces.enabled = false",
  ],
  [
    "a sample of the log",
    LOGS,
    `${LOGS}\nhead_sampling_rate = 0.1`,
    "24:1 log-sampling: head_sampling_rate is 0.1 | remove it, or set it to 1",
  ],
  [
    "workers.dev beside routes",
    "workers_dev = false",
    "workers_dev = true",
    "5:1 workers-dev: workers_dev is on beside routes | workers_dev = false",
  ],
  [
    "previews",
    "preview_urls = false",
    "preview_urls = true",
    "6:1 preview-urls: preview_urls is on | preview_urls = false",
  ],
  [
    "previews by default",
    "preview_urls = false\n",
    "",
    "1:1 preview-urls: preview_urls is not set, and on where workers_dev is | preview_urls = false",
  ],
  [
    "a route that no tenant serves",
    ROUTES,
    'routes = [{ pattern = "api.shop.io", custom_domain = true }, "*.other.io/*"]',
    "7:62 route-without-tenant: no tenant serves *.other.io/* | add an entry to TENANTS, or remove the route",
  ],
  [
    "a tenant that no route reaches",
    ROUTES,
    'routes = ["www.shop.io/*"]',
    "7:11 route-without-tenant: no tenant serves www.shop.io/* | add an entry to TENANTS, or remove the route",
    '36:1 tenant-without-route: no route reaches api.shop.io | routes = [{ pattern = "api.shop.io", custom_domain = true }]',
  ],
  [
    "an origin on a route",
    ROUTES,
    'routes = ["*.shop.io/*"]',
    "37:1 route-loop: the origin origin.shop.io is a hostname of the gateway | give the origin a hostname that no route has",
  ],
  [
    "files before the Worker",
    "[durable_objects]",
    '[assets]\ndirectory = "public"\n\n[durable_objects]',
    "9:1 assets: assets come before the Worker | assets.run_worker_first = true",
  ],
  [
    "a placeholder of an origin",
    ORIGIN,
    "https://origin.example.com",
    "37:1 placeholder: origin.example.com is a placeholder | write your own",
  ],
  [
    "a placeholder of an id",
    "[vars]",
    '[[kv_namespaces]]\nbinding = "TENANTS_KV"\nid = "the id that the command prints"\n\n[vars]',
    "32:1 placeholder: the id that the command prints is a placeholder | write your own",
  ],
];
