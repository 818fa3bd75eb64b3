/** What the console asks of a browser and tells it, so that no other page gets at it: also none of the origin's, which has the same name. */

import { cookieNamed } from "../identity/cookie.ts";
import { SESSION_MS } from "./session.ts";
import { STYLE } from "./style.ts";

const COOKIE = "oncegate_session";

/** The sealed session, as the browser has it. */
export function sealedIn(headers: Headers): string | null {
  const cookie = cookieNamed(COOKIE, headers.get("cookie"));
  return cookie === "mistakable" ? null : cookie.value;
}

/** Null takes it away. A plain http address is one on the own machine, or behind something that ends TLS. */
export function sessionCookie(sealed: string | null, url: URL): string {
  const secure = url.protocol === "https:" ? "; Secure" : "";
  const age = sealed === null ? 0 : SESSION_MS / 1000;
  return `${COOKIE}=${sealed ?? ""}; Path=/_oncegate; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}

/** Whether somebody looks at it in a window of its own. What a script fetches, or another page embeds, is not looked at. */
export function isNavigation(headers: Headers): boolean {
  const [mode, destination] = [headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")];
  return (mode === null || mode === "navigate") && (destination === null || destination === "document");
}

/** Whether a form of the console's own may have sent it. Browsers that say nothing are told by the form's token alone. */
export function isSameOrigin(headers: Headers, url: URL): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = headers.get("origin");
  // `null` is what a page says that sends no referrer, as ours do. What ends TLS before us leaves another scheme.
  if (origin === null || origin === "null") return true;
  return URL.canParse(origin) && new URL(origin).host === url.host;
}

export async function pageHeaders(): Promise<Headers> {
  return new Headers({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": await contentSecurityPolicy(),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    // Whoever opens it in a window can't reach into that window: both, for a page may well have the first by itself.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
  });
}

/** Nothing is loaded and nothing runs: not even what would get past the escaping. */
async function contentSecurityPolicy(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}
