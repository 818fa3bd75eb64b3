import { SOUND, type Broken } from "../broken.ts";

const ENTRY = 'caller = ["authorization"]';
const MATCH = 'match = "POST /v1/charges"\nkey = "required"';
const ORIGIN = "https://origin.shop.io";

const PRIVATE_FIX = 'write a public hostname, or bind the origin as a service: origin = "service:BINDING"';

export const TENANTS: readonly Broken[] = [
  [
    "a field that is misspelled",
    "origin =",
    "orgin =",
    '37:1 configuration: TENANTS."api.shop.io".orgin unknown field: did you mean "origin"? | ',
    '36:1 configuration: TENANTS."api.shop.io".origin is required: it must be a URL or "service:BINDING" | ',
  ],
  [
    "a value outside its bounds",
    MATCH,
    `${MATCH}\nwait = "90s"`,
    '44:1 configuration: TENANTS."api.shop.io".routes[0].wait must be a duration from 0s to 1m, such as "25s" (ms, s, m, h, d) | ',
  ],
  [
    "a caller whose cookies change",
    ENTRY,
    'caller = ["cookie"]',
    '38:1 configuration: TENANTS."api.shop.io".caller must not have the whole Cookie header, which any other cookie changes: name one, such as "cookie:session" | ',
  ],
  [
    "JSON that breaks off",
    'EDGE = "cloudflare"',
    'EDGE = "cloudflare"\nTENANTS_2 = "{\\n  \\"a.shop.io\\": {"',
    "32:1 configuration: TENANTS_2 is not valid JSON: close brace expected in line 2, column 17 of its text | ",
  ],
  [
    "an edge that is misspelled",
    '"cloudflare"',
    '"cloudfare"',
    '31:1 configuration: EDGE must be "cloudflare", "proxy" or "none" | ',
  ],
  [
    "a hold that is misspelled",
    'EDGE = "cloudflare"',
    'EDGE = "cloudflare"\nHOLD = "yes"',
    '32:1 configuration: HOLD must be "true" or "false" (until then, everything is on hold) | ',
  ],
  [
    "an edge of another deployment",
    '"cloudflare"',
    '"proxy"',
    '31:1 edge: EDGE is proxy, and clients reach Cloudflare first | EDGE = "cloudflare"',
  ],
  [
    "a secret in a variable",
    'EDGE = "cloudflare"',
    'EDGE = "cloudflare"\nORIGIN_SECRET = "open sesame"',
    '32:1 secret-variable: ORIGIN_SECRET is a variable, and SECRETS lists it | remove it from [vars], and set it with "npx wrangler secret put ORIGIN_SECRET"',
  ],
  [
    "a limit of another period",
    "period = 60",
    "period = 10",
    '39:1 rate-limit-period: retry_after is 60 s, and the period of KEYED_REQUESTS is 10 s | retry_after = "10s"',
  ],
  ...["http://127.0.0.1:9100", "https://[::1]/base", "https://192.0.2.1"].map(
    (url) =>
      [
        `an origin at ${url}`,
        ORIGIN,
        url,
        `37:1 origin-address: the origin ${new URL(url).hostname} is an IP address, which a Worker can't fetch from | ${PRIVATE_FIX}`,
      ] as const,
  ),
  ...["localhost", "api.local", "db.internal", "backend"].map(
    (name) =>
      [
        `an origin named ${name}`,
        ORIGIN,
        `https://${name}`,
        `37:1 origin-address: the origin ${name} is a name of a private network | ${PRIVATE_FIX}`,
      ] as const,
  ),
  [
    "a method that is not covered",
    '"POST /v1/charges"',
    '"DELETE /orders/:id"',
    '42:1 uncovered-route: "DELETE /orders/:id" is not covered: methods has only POST, PATCH | add methods = ["DELETE"] to the route',
  ],
  [
    "a route behind a wider one",
    "[[vars.TENANTS",
    '[[vars.TENANTS."api.shop.io".routes]]\nmatch = "* /v1/*"\n\n[[vars.TENANTS',
    '45:1 shadowed-route: "POST /v1/charges" never applies: "* /v1/*" matches all of it before | put the narrower route first',
  ],
  [
    "no tenants",
    SOUND.slice(SOUND.indexOf("[vars.SECRETS]")),
    "",
    "7:11 route-without-tenant: no tenant serves api.shop.io | add an entry to TENANTS, or remove the route",
    "30:1 tenants: there is no tenant | set ORIGIN to the URL of your API, or TENANTS",
  ],
  [
    "a variable beyond the platform's size",
    ORIGIN,
    `${ORIGIN}/${"a".repeat(5120)}`,
    "36:1 variable-size: TENANTS is 5298 bytes as JSON | split it, for example into TENANTS and TENANTS_2",
  ],
];
