import { describe, expect, test } from "vitest";

import { type Tenant } from "../../../src/config/policy.ts";
import { PROBLEMS } from "../../../src/http/problem-codes.ts";
import { problemType } from "../../../src/http/problem.ts";
import { policyDocument } from "../../../src/published-policy/document.ts";
import { renderPage } from "../../../src/published-policy/page.tsx";
import { duration, rowsOf, rowsThatDiffer, statuses } from "../../../src/published-policy/rows.ts";
import { entry } from "../config/entries.ts";
import { FULL_ENTRY, HOST, TENANTS, tenantOf } from "./configurations.ts";

const URL_OF_REQUEST = new URL(`https://${HOST}/.well-known/idempotency`);

function documentOf(tenant: Tenant) {
  return policyDocument(HOST, tenant, URL_OF_REQUEST);
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
    const html = await renderPage(documentOf(tenantOf(entry())));
    const anchors = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(anchors).toEqual(Object.keys(PROBLEMS));
    for (const code of Object.keys(PROBLEMS)) {
      expect(anchors).toContain(new URL(problemType(code, URL_OF_REQUEST)).hash.slice(1));
    }
  });

  test("anchors a problem by the gateway's own code, whatever it is written as", async () => {
    const html = await renderPage(documentOf(tenantOf(entry({ profile: "acp" }))));
    expect(html).toContain('<article id="key_reused"><h3><a href="#key_reused">422 <code>idempotency_conflict</code>');
  });

  test.each(TENANTS)("says every field of the policy and every problem: %s", async (_, tenant) => {
    const document = documentOf(tenant);
    const text = textOf(await renderPage(document));
    for (const { label, said } of rowsOf(document.default)) expect(text).toContain(`${label} ${said}`);
    for (const operation of document.operations) {
      expect(text).toContain(operation.match);
      for (const { label, said } of rowsThatDiffer(operation, document.default)) {
        expect(text).toContain(`${label} ${said}`);
      }
      for (const { problem, code, status } of operation.problems) {
        expect(text).toContain(`${problem} is written as ${status} ${code}`);
      }
    }
    for (const { code, status, title, meaning } of document.problems) {
      expect(text).toContain(`${status} ${code} ${title} ${meaning}`);
    }
  });

  test("tells no secret", async () => {
    expect(await renderPage(documentOf(tenantOf(FULL_ENTRY)))).not.toMatch(/secret/i);
  });

  test.each([
    "POST /<script>alert(1)</script>",
    'POST /"><img/src=x/onerror=alert(1)>',
    "POST /'onmouseover='alert(1)",
    "POST /&lt;script&gt;",
    "POST /</code></style><script>",
  ])("escapes what stands in a pattern: %s", async (match) => {
    const clean = await renderPage(documentOf(tenantOf(entry({ routes: [{ match: "POST /x" }] }))));
    const html = await renderPage(documentOf(tenantOf(entry({ routes: [{ match }] }))));
    const tags = (page: string) => page.match(/<\/?[a-z]+/g);
    expect(tags(html)).toEqual(tags(clean));
    expect(textOf(html)).toContain(` ${match} `);
  });

  test("escapes what stands in pointers", async () => {
    const html = await renderPage(documentOf(tenantOf(entry({ key_from: ["/<b>&\"'"] }))));
    expect(html).toContain("/&lt;b&gt;&amp;&quot;&#39;");
  });

  test("names the host it speaks for", async () => {
    const html = await renderPage(documentOf(tenantOf(entry())));
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
  ])("%s seconds are %s", (seconds, said) => {
    expect(duration(seconds)).toBe(said);
  });

  test.each([
    [[], "none"],
    [[404], "404"],
    [[502, 501], "501, 502"],
    [[500, 501, 502, 504, 504], "500–502, 504"],
    [Array.from({ length: 100 }, (_, index) => 500 + index), "500–599"],
  ])("the statuses %j are %s", (codes, said) => {
    expect(statuses(codes)).toBe(said);
  });

  test("tell of an operation what differs, and nothing else", () => {
    const tenant = tenantOf(entry({ routes: [{ match: "POST /a", ttl: "1h", fingerprint: "bytes" }] }));
    const { default: base, operations } = documentOf(tenant);
    expect(operations.map((operation) => rowsThatDiffer(operation, base))).toEqual([
      [
        { label: "An answer is kept for", said: "1 h" },
        { label: "What makes two requests the same", said: "method, path, query and the bytes of the body" },
      ],
    ]);
  });

  test.each<[Record<string, unknown>, string]>([
    [{}, "are passed on, each time"],
    [{ key: "off", derive_key: { window: "5m" } }, "are passed on, each time"],
    [{ key: "required", derive_key: { window: "5m" } }, "are refused"],
    [{ derive_key: { window: "5m" } }, "are taken for one if they are equal by the whole request within 5 min"],
    [
      { derive_key: { window: "5m", from: ["/a", "/b"] } },
      "are taken for one if they are equal by /a, /b within 5 min",
    ],
  ])("with %j, requests without a key %s", (fields, said) => {
    const rows = rowsOf(documentOf(tenantOf(entry(fields))).default);
    expect(rows.find(({ label }) => label === "Requests without a key")?.said).toBe(said);
  });

  test("tell a full policy", () => {
    const rows = rowsOf(documentOf(tenantOf(FULL_ENTRY)).default).map(({ label, said }) => [label, said]);
    expect(rows).toEqual([
      ["Profile", "ietf"],
      ["Key", "required"],
      ["Where the key is", "x-request-key, /meta/a~1b; the first that is there"],
      ["Requests without a key", "are refused"],
      ["Covered methods", "POST, PUT"],
      ["A retry while the original runs", "is refused with in_flight"],
      ["It waits at most", "0 s"],
      ["An answer is kept for", "2 h"],
      ["An unknown outcome is kept for", "3 d"],
      ["After an unknown outcome", "the origin is asked what became of the request"],
      ["Attempts for one key", "1, unless it is known that none ran"],
      [
        "What makes two requests the same",
        "method, path, query and the meaning of the body; without /client_sent_at; of the body only /a, /b; and the headers x-version",
      ],
      ["Request bodies", "at most 123 456 bytes with a key"],
      ["A request body must arrive within", "40 s"],
      ["It may be silent for", "8 s"],
      ["Answers that are kept", "at most 654 321 bytes; larger ones are passed on once"],
      ["origin_timeout is told after", "11 s"],
      ["An attempt is given up after", "2 min"],
      ["The body of an answer may be silent for", "13 s"],
      ["Answers are passed on", "as they come"],
      ["Also taken for not executed", "404"],
      ["Taken for unknown before that", "418"],
      ["Set-Cookie", "is replayed"],
      ["Replays are marked by", "x-replayed: true"],
      ["Refusals are written", "as Stripe's error object"],
    ]);
  });
});
