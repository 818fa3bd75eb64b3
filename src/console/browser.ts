/**
 * The console's cookie, its request checks and its response headers. They keep every other page away from the console,
 * including pages of the origin, which share the console's hostname.
 */

import { cookieNamed } from "../identity/cookie.ts";
import { SESSION_MS } from "./session.ts";
import { STYLE } from "./style.ts";

const COOKIE = "oncegate_session";

/** The sealed session in the `Cookie` header; null if there is none or the header is ambiguous. */
export function sealedIn(headers: Headers): string | null {
  const cookie = cookieNamed(COOKIE, headers.get("cookie"));
  return cookie.kind === "present" ? cookie.value : null;
}

/** The `Set-Cookie` value; `sealed` null deletes the cookie. Plain http means a local machine, or TLS ends in front of us. */
export function sessionCookie(sealed: string | null, url: URL): string {
  const secure = url.protocol === "https:" ? "; Secure" : "";
  const age = sealed === null ? 0 : SESSION_MS / 1000;
  return `${COOKIE}=${sealed ?? ""}; Path=/_oncegate; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}

/** Whether the request loads a top-level page. A script's fetch or an embedded frame does not. */
export function isNavigation(headers: Headers): boolean {
  const [mode, destination] = [headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")];
  return (mode === null || mode === "navigate") && (destination === null || destination === "document");
}

/** Whether the console's own form may have sent the request. Without these headers only the form's CSRF token decides. */
export function isSameOrigin(headers: Headers, url: URL): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = headers.get("origin");
  // A page without a referrer, such as ours, sends `null`. Only hosts are compared: a TLS proxy changes the scheme.
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
    // A page that opens the console in a window gets no handle to it. The opener may set COOP too, so COEP makes them differ.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
  });
}

/** The page loads nothing and runs no script, even if the escaping of a value fails. */
async function contentSecurityPolicy(): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(STYLE));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`;
}
