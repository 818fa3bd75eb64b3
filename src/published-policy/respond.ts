/** `/.well-known/idempotency`: the host's policy, as JSON for programs and as a page for people (docs/protocol.md 8.1). */

import { type Context } from "hono";
import { accepts } from "hono/accepts";
import { type Tenant } from "../config/policy.ts";
import { preferredType } from "../http/negotiation.ts";
import { type PolicyDocument, policyDocument } from "./document.ts";
import { renderPage } from "./page.tsx";
import { STYLE } from "./style.ts";

/** Long enough to spare the gateway, short enough that a changed policy is soon known. */
const CACHE_SECONDS = 300;

const JSON_TYPE = "application/json";
const PAGE_TYPE = "text/html";

export async function publishedPolicy(c: Context, hostname: string, tenant: Tenant, url: URL): Promise<Response> {
  const document = policyDocument(hostname, tenant, url);
  const type = accepts(c, {
    header: "Accept",
    supports: [JSON_TYPE, PAGE_TYPE],
    default: JSON_TYPE,
    // Hono's own match lets `text/html;q=0.1, */*` have the page.
    match: (ranges, { supports }) => preferredType(ranges, supports) ?? JSON_TYPE,
  });
  const headers = {
    "cache-control": `public, max-age=${CACHE_SECONDS}`,
    vary: "Accept",
    "x-content-type-options": "nosniff",
  };
  return type === PAGE_TYPE ? pageOf(document, headers) : Response.json(document, { headers });
}

async function pageOf(document: PolicyDocument, headers: Readonly<Record<string, string>>): Promise<Response> {
  return new Response(await renderPage(document), {
    headers: {
      ...headers,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": await contentSecurityPolicy(),
      "referrer-policy": "no-referrer",
    },
  });
}

/** Nothing is loaded and nothing runs: not even what would get past the escaping. */
async function contentSecurityPolicy(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
