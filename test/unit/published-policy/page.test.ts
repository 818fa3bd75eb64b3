import { describe, expect, test } from "vitest";
import { type Tenant } from "../../../src/config/policy.ts";
import { PROBLEMS } from "../../../src/http/problem-codes.ts";
import { problemType } from "../../../src/http/problem.ts";
import { policyDocument } from "../../../src/published-policy/document.ts";
import { renderPage } from "../../../src/published-policy/page.tsx";
import { duration, rowsOf, rowsThatDiffer } from "../../../src/published-policy/rows.ts";
import { entry } from "../config/entries.ts";
import { FULL_ENTRY, HOST, TENANTS, TOOLS, WEBHOOKS, tenantOf } from "./configurations.ts";

const URL_OF_REQUEST = new URL(`https://${HOST}/.well-known/idempotency`);

function published(tenant: Tenant) {
  return { document: policyDocument(HOST, tenant, URL_OF_REQUEST), tenant };
}

/** Without tags, with entities resolved. */
function textOf(html: string): string {
  return html
    .replaceAll(/<style>[^]*?<\/style>|<[^>]*>/g, " ")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replaceAll(/\s+/g, " ");
}

describe("8.1.3 the page", () => {
  test("has an anchor for every problem type", async () => {
    const html = await renderPage(published(tenantOf(entry())));
    const anchors = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(anchors).toEqual(Object.keys(PROBLEMS));
    for (const code of Object.keys(PROBLEMS)) {
      expect(anchors).toContain(new URL(problemType(code, URL_OF_REQUEST)).hash.slice(1));
    }
  });

  test("anchors a problem by the gateway's own code, whatever it is written as", async () => {
    const html = await renderPage(published(tenantOf(entry({ profile: "acp" }))));
    expect(html).toContain('<article id="key_reused"><h3><a href="#key_reused">422 <code>idempotency_conflict</code>');
  });

  test.each(TENANTS)("shows every field of the policy and every problem: %s", async (_, tenant) => {
    const { document } = published(tenant);
    const text = textOf(await renderPage(published(tenant)));
    for (const row of rowsOf(tenant.policy)) expect(text).toContain(`${row.label} ${row.text}`);
    for (const { match, policy } of tenant.routes) {
      expect(text).toContain(match);
      for (const row of rowsThatDiffer(policy, tenant.policy)) expect(text).toContain(`${row.label} ${row.text}`);
    }
    for (const operation of document.operations) {
      for (const { problem, code, status } of operation.problems) {
        expect(text).toContain(`${problem} is written as ${status} ${code}`);
      }
    }
    for (const { code, status, title, meaning } of document.problems) {
      expect(text).toContain(`${status} ${code} ${title} ${meaning}`);
    }
  });

  test("contains no secret", async () => {
    expect(await renderPage(published(tenantOf(FULL_ENTRY)))).not.toMatch(/secret/i);
  });

  test.each([
    "POST /<script>alert(1)</script>",
    'POST /"><img/src=x/onerror=alert(1)>',
    "POST /'onmouseover='alert(1)",
    "POST /&lt;script&gt;",
    "POST /</code></style><script>",
  ])("escapes a pattern: %s", async (match) => {
    const clean = await renderPage(published(tenantOf(entry({ routes: [{ match: "POST /x" }] }))));
    const html = await renderPage(published(tenantOf(entry({ routes: [{ match }] }))));
    const tags = (page: string) => page.match(/<\/?[a-z]+/g);
    expect(tags(html)).toEqual(tags(clean));
    expect(textOf(html)).toContain(` ${match} `);
  });

  test("escapes pointers", async () => {
    const html = await renderPage(published(tenantOf(entry({ key_from: ["/<b>&\"'"] }))));
    expect(html).toContain("/&lt;b&gt;&amp;&quot;&#39;");
  });

  test("shows of a host that receives webhooks that deliveries run at least once, and until when", async () => {
    const text = textOf(await renderPage(published(tenantOf(WEBHOOKS))));
    for (const shown of [
      "The operation runs at least once: a retry gets the final response, and runs the operation again if there is none.",
      "A caller is identified by nothing: all requests are one caller",
      "A keyed request that names no caller does not exist",
      "Where the key is webhook-id",
      "Callers all requests of an operation are one",
      "It waits at most 2 s",
      "Outcomes by rules 300–599 is not-executed",
      "After an unknown outcome the next request with the key is sent again",
      "Attempts for one key at most 10000",
      "A response is kept for 7 d",
      "503 in_flight",
    ]) {
      expect(text).toContain(shown);
    }
    expect(text).not.toContain("runs once");
  });

  test("shows of a host of MCP tools where the key is, which tools need it, and how errors arrive", async () => {
    const text = textOf(await renderPage(published(tenantOf(TOOLS))));
    for (const shown of [
      "The operation runs once, and every retry gets its response.",
      "Key optional",
      "/params/arguments/idempotency_key; the first that is present",
      "Calls in request bodies JSON-RPC: a retry may have another id, and its response has that id",
      "Covered JSON-RPC methods tools/call",
      "A response is kept for 1 d",
      "Refusals are written as JSON-RPC errors with HTTP status 200, and a problem document in data; where no call was read, as problem documents (RFC 9457)",
      "POST /mcp tools/call:create_payment Key required",
    ]) {
      expect(text).toContain(shown);
    }
  });

  test("names its host", async () => {
    const html = await renderPage(published(tenantOf(entry())));
    expect(html).toContain(`<title>Idempotency at ${HOST}</title>`);
    expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1"/>');
    expect(html).toContain("color-scheme: light dark");
  });
});

describe("the words of the page", () => {
  test.each([
    [0, "0 s"],
    [0.1, "0.1 s"],
    [25, "25 s"],
    [60, "1 min"],
    [90, "90 s"],
    [3600, "1 h"],
    [86_400, "1 d"],
    [172_800, "2 d"],
    [90_000, "25 h"],
  ])("%s seconds are %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  test("show of an operation only what differs", () => {
    const tenant = tenantOf(entry({ routes: [{ match: "POST /a", ttl: "1h", fingerprint: "bytes" }] }));
    expect(tenant.routes.map(({ policy }) => rowsThatDiffer(policy, tenant.policy))).toEqual([
      [
        { label: "What makes two requests the same", text: "method, path, query and the bytes of the body" },
        { label: "A response is kept for", text: "1 h" },
      ],
    ]);
  });

  test.each<[Record<string, unknown>, string]>([
    [{}, "are passed on, each time"],
    [{ key: "off", derive_key: { window: "5m" } }, "are passed on, each time"],
    [{ key: "required", derive_key: { window: "5m" } }, "are refused"],
    [{ derive_key: { window: "5m" } }, "count as one if the whole request is equal within 5 min"],
    [{ derive_key: { window: "5m", from: ["/a", "/b"] } }, "count as one if /a, /b is equal within 5 min"],
  ])("with %j, requests without a key %s", (fields, text) => {
    const rows = rowsOf(tenantOf(entry(fields)).policy);
    expect(rows.find(({ label }) => label === "Requests without a key")?.text).toBe(text);
  });

  test("describe members with one meaning", () => {
    const rows = rowsOf(tenantOf(entry({ fingerprint: { first_of: [["/hash", "/text"]] } })).policy);
    expect(rows.find(({ label }) => label === "What makes two requests the same")?.text).toBe(
      "method, path, query and the meaning of the body; only the first present of /hash, /text",
    );
  });

  test("describe a full policy", () => {
    const rows = rowsOf(tenantOf(FULL_ENTRY).policy).map(({ label, text }) => [label, text]);
    const expected = [
      ["Profile", "ietf"],
      ["Key", "required"],
      [
        "Where the key is",
        "x-request-key, /meta/a~1b, query:request_id, x-topic with form:token; the first that is present",
      ],
      ["A key is", "16 to 100 characters that match [0-9]+:[a-z]+.*"],
      ["A key belongs to", "all operations together"],
      ["Callers", "all requests of an operation are one"],
      ["Requests without a key", "are refused"],
      ["Covered methods", "POST, PUT"],
      ["Covered JSON-RPC methods", "tools/call, pay"],
      [
        "What makes two requests the same",
        "method, path, query and the meaning of the body; without /client_sent_at; of the body only /a, /b; and the headers x-version",
      ],
      ["Request bodies", "at most 123 456 bytes with a key"],
      ["A request body arrives within", "40 s"],
      ["A request body may pause for", "8 s"],
      ["A retry while the original runs", "is refused with in_flight"],
      ["It waits at most", "0 s"],
      ["origin_timeout is answered after", "11 s"],
      ["An attempt is aborted after", "2 min"],
      ["The body of a response may pause for", "13 s"],
      ["Responses are passed on", "as they arrive"],
      ["When no client reads a streamed response any more", "the attempt is cancelled, and its outcome is unknown"],
      [
        "Outcomes by rules",
        "404, 500–599 with text/html is not-executed; member /errors/0/code = THROTTLED or 7 is not-executed; header grpc-status = 14 is not-executed; event error is unknown, unless 500",
      ],
      ["After an unknown outcome", "the origin is asked for the outcome of the request"],
      ["Attempts for one key", "1, unless it is known that none ran"],
      ["A response is kept for", "2 h"],
      ["An unknown outcome is kept for", "3 d"],
      ["Responses that are kept", "at most 654 321 bytes; larger ones are passed on once"],
      ["Set-Cookie", "is replayed"],
      ["Replays are marked by", "x-replayed: true"],
      ["Repeated from each request", "x-request-id"],
      [
        "Refusals are written",
        "as JSON-RPC errors with HTTP status 200, and a problem document in data; where no call was read, as Stripe's error object",
      ],
    ];
    expect(rows).toEqual(expect.arrayContaining(expected));
  });
});
