import { describe, expect, test } from "vitest";
import { type Edge, connectionOf } from "../../../src/http/client-address.ts";
import { ReadFields } from "../../../src/http/fields.ts";
import { forwardedFields, isLoop } from "../../../src/http/headers.ts";
import { forKeyedRequest } from "../../../src/worker/keyed-request.ts";

function headersToOrigin(
  came: Headers,
  url: URL,
  edge: Edge = "cloudflare",
  counted: readonly string[] = [],
  cf: object = {},
): Headers {
  const rules = { url, connection: connectionOf(edge, came, cf), counted: new Set(counted) };
  return headersOf(forwardedFields(new ReadFields(came), rules));
}

function headersOf(pairs: readonly (readonly [string, string])[]): Headers {
  return new Headers(pairs.map(([name, value]): [string, string] => [name, value]));
}

function byName([a]: readonly string[], [b]: readonly string[]): number {
  return (a ?? "") < (b ?? "") ? -1 : 1;
}

type Fields = Record<string, string>;

/** The forwarded `fields`, without those that the gateway adds to every request. */
function forwarded(fields: Fields, url = "https://api.example.com/v1/charges"): Fields {
  const {
    via,
    "cdn-loop": loop,
    "x-forwarded-host": host,
    "x-forwarded-proto": proto,
    ...rest
  } = Object.fromEntries(headersToOrigin(new Headers(fields), new URL(url)));
  expect({ via, loop, host, proto }).toEqual({
    via: "1.1 oncegate",
    loop: "oncegate",
    host: "api.example.com",
    proto: "https",
  });
  return rest;
}

describe("7.1 hop-by-hop, to the origin", () => {
  test.each([
    "Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Proxy",
    "Proxy-Authorization",
    "Proxy-Authenticate",
    "Proxy-Connection",
    "Proxy-Anything",
  ])("drops %s", (name) => {
    expect(forwarded({ [name]: "x", accept: "*/*" })).toEqual({ accept: "*/*" });
  });

  test.each([
    ["one name", "x-one"],
    ["a name in capitals", "X-ONE"],
    ["several names", "close, X-One"],
    ["names without spaces", "close,x-one"],
    ["names among empty members", " , x-one ,,"],
  ])("drops what Connection names: %s", (_, connection) => {
    expect(forwarded({ connection, "x-one": "1", "x-one-more": "2", close: "3" })).toEqual(
      connection.includes("close") ? { "x-one-more": "2" } : { "x-one-more": "2", close: "3" },
    );
  });

  test("keeps fields with similar names", () => {
    const fields = { "x-proxy-id": "1", "x-te": "2", upgrades: "3", "upgrade-insecure-requests": "1" };
    expect(forwarded(fields)).toEqual(fields);
  });

  test("does not let Connection remove what counts for the request", () => {
    const fields = { "x-user": "1", authorization: "a", cookie: "b", "if-match": '"1"', "content-type": "text/plain" };
    const headers = new Headers({ ...fields, connection: Object.keys(fields).join(",") });
    const sent = headersToOrigin(headers, new URL("https://api.example.com/"), "cloudflare", ["x-user"]);
    expect(Object.fromEntries(sent)).toMatchObject(fields);
  });

  test("does not let Connection remove the fields that the gateway adds", () => {
    expect(forwarded({ connection: "via, cdn-loop, x-forwarded-host, x-forwarded-proto" })).toEqual({});
  });
});

describe("7.2 to the origin", () => {
  test("sets X-Forwarded-*, and drops the client's values", () => {
    const headers = headersToOrigin(
      new Headers({
        "cf-connecting-ip": "203.0.113.7",
        "x-forwarded-for": "10.0.0.1",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "gopher",
      }),
      new URL("http://api.example.com:8787/v1/charges?x=1"),
    );
    expect(Object.fromEntries(headers)).toEqual({
      "cf-connecting-ip": "203.0.113.7",
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-host": "api.example.com:8787",
      "x-forwarded-proto": "http",
      via: "1.1 oncegate",
      "cdn-loop": "oncegate",
    });
  });

  test.each([
    ["https://api.example.com./", "api.example.com"],
    ["https://api.example.com.:8443/", "api.example.com:8443"],
    ["http://[::1]:8787/", "[::1]:8787"],
  ])("sets X-Forwarded-Host for %s to the host of its record", (url, host) => {
    expect(headersToOrigin(new Headers(), new URL(url)).get("x-forwarded-host")).toBe(host);
  });

  const CLAIMED = { "cf-connecting-ip": "203.0.113.7", "x-forwarded-for": "10.0.0.1, 192.0.2.9" };

  test.each<[Edge, object, string | null, string | null]>([
    ["cloudflare", { clientIp: "198.51.100.1:5000" }, "203.0.113.7", "203.0.113.7"],
    ["proxy", { clientIp: "198.51.100.1:5000" }, "192.0.2.9", null],
    ["none", { clientIp: "198.51.100.1:5000" }, "198.51.100.1", null],
    ["none", { clientIp: "[2001:db8::1]:5000" }, "2001:db8::1", null],
    ["none", { clientIp: "unix:/run/socket" }, null, null],
    ["none", {}, null, null],
  ])("with EDGE = %j and the peer %j, sends the address %s", (edge, cf, address, connecting) => {
    const sent = headersToOrigin(new Headers(CLAIMED), new URL("http://api.example.com/"), edge, [], cf);
    expect([sent.get("x-forwarded-for"), sent.get("cf-connecting-ip")]).toEqual([address, connecting]);
  });

  test.each<[Edge, string[]]>([
    ["cloudflare", ["cf-access-client-id", "cf-ipcountry", "cf-ray"]],
    ["proxy", ["cf-access-client-id"]],
    ["none", ["cf-access-client-id"]],
  ])("with EDGE = %j, forwards of Cloudflare's fields only %j", (edge, names) => {
    const headers = new Headers({ "cf-access-client-id": "a", "cf-ray": "b", "cf-ipcountry": "c" });
    const sent = headersToOrigin(headers, new URL("http://api.example.com/"), edge);
    expect([...sent.keys()].filter((name) => name.startsWith("cf-"))).toEqual(names);
  });

  test.each([
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Real-IP",
    "True-Client-IP",
    "X-Client-IP",
    "X-Original-URL",
    "X-Rewrite-URL",
    "Script-Name",
    "SCRIPT_NAME",
    "script.name",
    "X-Script-Name",
    "PATH_INFO",
    "X-Path-Info",
  ])("drops %s of the client, whatever is in front", (name) => {
    for (const edge of ["cloudflare", "proxy", "none"] as const) {
      const sent = headersToOrigin(new Headers({ [name]: "x" }), new URL("http://api.example.com/"), edge);
      expect(sent.get(name)).toBeNull();
    }
  });

  test.each([
    "X_Forwarded_For",
    "X-Forwarded_For",
    "X.Forwarded.Host",
    "X_Forwarded_Client_Cert",
    "X_Real_IP",
    "True_Client_IP",
    "CF_Connecting_IP",
    "Cf_Client_Cert_Sha256",
    "CF_Access_Client_Id",
    "X_Original_URL",
    "Oncegate_Attempt",
    "X_HTTP_Method_Override",
    "Idempotency_Key",
    "If_Match",
    "Content_Type",
    "Content_Length",
    "X_User",
  ])("drops %s, which many servers read as the field with hyphens", (name) => {
    for (const edge of ["cloudflare", "proxy", "none"] as const) {
      const counted = ["x-http-method-override", "x-user"];
      const sent = headersToOrigin(new Headers({ [name]: "x" }), new URL("http://api.example.com/"), edge, counted);
      expect([...sent.keys()].filter((field) => field === name.toLowerCase())).toEqual([]);
    }
  });

  test("forwards other fields with an underscore", () => {
    const sent = headersToOrigin(new Headers({ x_trace: "a" }), new URL("http://api.example.com/"), "none", ["x-user"]);
    expect(sent.get("x_trace")).toBe("a");
  });

  test.each([
    ["none", null],
    ["proxy", "x"],
    ["cloudflare", "x"],
  ] as const)("with EDGE = %j, what a field claims of a certificate becomes %j", (edge, value) => {
    for (const name of [
      "Client-Cert",
      "Client-Cert-Chain",
      "X-Client-Cert",
      "X-SSL-Client-Verify",
      "SSL_Client_S_DN",
    ]) {
      const sent = headersToOrigin(new Headers({ [name]: "x" }), new URL("http://api.example.com/"), edge);
      expect(sent.get(name)).toBe(value);
    }
  });

  test("sends no X-Forwarded-For if the client's address is not known", () => {
    expect(forwarded({ "x-forwarded-for": "10.0.0.1" })).toEqual({});
  });

  test("appends to Via and CDN-Loop", () => {
    const headers = headersToOrigin(
      new Headers({ via: "1.0 fred, 1.1 p.example", "cdn-loop": "cloudflare; loops=1" }),
      new URL("https://api.example.com/"),
    );
    expect(headers.get("via")).toBe("1.0 fred, 1.1 p.example, 1.1 oncegate");
    expect(headers.get("cdn-loop")).toBe("cloudflare; loops=1, oncegate");
  });

  test.each(["Forwarded", "Oncegate-Attempt", "Oncegate-Outcome", "Oncegate-Anything", "Host", "Expect"])(
    "drops %s of the client",
    (name) => {
      expect(forwarded({ [name]: "x" })).toEqual({});
    },
  );

  test("forwards all other fields as sent", () => {
    const fields = {
      accept: "application/json, text/plain;q=0.5",
      authorization: "Bearer sk_test",
      "content-length": "31",
      "content-type": "application/json; charset=UTF-8",
      cookie: "a=1; b=2",
      "idempotency-key": String.raw`"a, \"b\""`,
      "if-match": '"v1"',
      origin: "https://shop.example",
      prefer: "wait=5",
      "user-agent": "test/1",
      "x-empty": "",
    };
    expect(forwarded(fields)).toEqual(fields);
  });
});

describe("7.4 keyed requests to the origin", () => {
  const SENT = { headers: [["idempotency-key", '"k"']] } as const;

  test("carry the key as sent, even if Connection names it", () => {
    const headers = [
      ["x-key", "k"],
      ["x-topic", "a"],
    ] as const;
    expect(forKeyedRequest([], { headers })).toEqual(expect.arrayContaining(headers.slice()));
  });

  test("ask for an answer without a content coding, and drop the client's length", () => {
    const headers = new Headers({ "accept-encoding": "gzip, br", "content-length": "5", "content-encoding": "gzip" });
    expect(forKeyedRequest([...headers], SENT).toSorted(byName)).toEqual([
      ["accept-encoding", "identity"],
      ["content-encoding", "gzip"],
      ["idempotency-key", '"k"'],
    ]);
  });

  test("ask for it even if the client has no Accept-Encoding", () => {
    expect(forKeyedRequest([], { headers: [] })).toEqual([["accept-encoding", "identity"]]);
  });
});

describe("3.9 loops", () => {
  test.each([
    ["alone", "oncegate"],
    ["in capitals", "OnceGate"],
    ["with parameters", "oncegate; v=1; w"],
    ["with parameters and no spaces", "oncegate;v=1"],
    ["last in a list", "cloudflare; subreqs=1, oncegate"],
    ["first in a list", "oncegate, fastly"],
    ["among empty members", " ,, oncegate ,"],
    ["after a quoted comma", 'fastly; a="b, c", oncegate'],
    ["after an escaped quote", String.raw`fastly; a="\", b", oncegate`],
    ["with a quoted parameter", 'oncegate; a="b, c"'],
    ["after a quote that nothing closes", 'fastly; a="b, oncegate'],
    ["after an odd quote among closed ones", 'fastly; a="b"; c=", oncegate'],
  ])("are detected by the gateway's name: %s", (_, value) => {
    expect(isLoop(new Headers({ "cdn-loop": value }))).toBe(true);
  });

  test("are detected across several header lines", () => {
    const headers = new Headers([
      ["cdn-loop", "fastly"],
      ["cdn-loop", "oncegate"],
    ]);
    expect(isLoop(headers)).toBe(true);
  });

  test("are detected in the gateway's own requests", () => {
    const url = new URL("https://api.example.com/");
    expect(isLoop(headersToOrigin(new Headers({ "cdn-loop": "cloudflare" }), url))).toBe(true);
  });

  test.each([
    ["another CDN", "cloudflare"],
    ["a longer name", "oncegate2"],
    ["a host of that name", "oncegate.example.com"],
    ["a parameter of that name", "cloudflare; oncegate"],
    ["a parameter of that value", "cloudflare; by=oncegate"],
    ["a quoted value with a comma before that name", 'fastly; a="b, oncegate"'],
    ["a quoted value with an escaped quote", String.raw`fastly; a="\", oncegate"`],
    ["an empty header", ""],
  ])("are not detected in %s", (_, value) => {
    expect(isLoop(new Headers({ "cdn-loop": value }))).toBe(false);
  });

  test("are not detected without the header", () => {
    expect(isLoop(new Headers({ via: "1.1 oncegate" }))).toBe(false);
  });
});
