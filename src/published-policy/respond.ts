/** `/.well-known/idempotency`: the policy of the host, as JSON and as a page (docs/protocol.md 8.1). */

import { type Context } from "hono";
import { accepts } from "hono/accepts";
import { type Tenant } from "../config/policy.ts";
import { preferredType } from "../http/negotiation.ts";
import { contentSecurityPolicy } from "../http/page-security.ts";
import { BASE_STYLE } from "../http/page-style.ts";
import { policyDocument } from "./document.ts";
import { renderPage } from "./page.tsx";

/** Long enough to save requests, short enough that a changed policy is soon seen. */
const CACHE_SECONDS = 300;

const JSON_TYPE = "application/json";
const PAGE_TYPE = "text/html";

export async function publishedPolicy(c: Context, hostname: string, tenant: Tenant, url: URL): Promise<Response> {
  const document = policyDocument(hostname, tenant, url);
  const type = accepts(c, {
    header: "Accept",
    supports: [JSON_TYPE, PAGE_TYPE],
    default: JSON_TYPE,
    // Hono's own match would answer `text/html;q=0.1, */*` with the page.
    match: (ranges, { supports }) => preferredType(ranges, supports) ?? JSON_TYPE,
  });
  const headers = {
    "cache-control": `public, max-age=${CACHE_SECONDS}`,
    vary: "Accept",
    "x-content-type-options": "nosniff",
  };
  return type === PAGE_TYPE ? pageOf({ document, tenant }, headers) : Response.json(document, { headers });
}

async function pageOf(
  published: Parameters<typeof renderPage>[0],
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  return new Response(await renderPage(published), {
    headers: {
      ...headers,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": await contentSecurityPolicy({
        style: BASE_STYLE,
        formAction: "'none'",
        hasIcon: false,
      }),
      "referrer-policy": "no-referrer",
    },
  });
}
