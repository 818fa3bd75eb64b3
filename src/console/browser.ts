/**
 * The console's cookie, its request checks and its response headers. They keep every other page away from the console,
 * including pages of the origin, which share the console's hostname.
 */

import { contentSecurityPolicy } from "../http/page-security.ts";
import { SESSION_MS } from "./session.ts";
import { STYLE } from "./style.ts";

const COOKIE = "oncegate_session";

/** The line of the audit log that the next page reports as done. */
const NOTICE = "oncegate_done";

/** The page that follows an action is loaded at once. */
const NOTICE_SECONDS = 60;

/** More than browsers send. */
const COOKIES_MAX = 1000;

/** A page's URL has some prefixes, and its hostname some parents: no browser has more cookies of one name for it. */
const VALUES_MAX = 64;

/** What the `Cookie` header may have as sealed sessions: each is tried. */
export function sealedIn(headers: Headers): string[] {
  return valuesIn(headers, COOKIE);
}

/** What the `Cookie` header may have as lines of the audit log that have just been written. A page trusts none of them. */
export function noticesIn(headers: Headers): number[] {
  return valuesIn(headers, NOTICE).flatMap((value) => (/^[0-9]{1,15}$/.test(value) ? [Number(value)] : []));
}

/**
 * The values of the cookies of one name. Another host under the same domain can plant a second one, so there may be several, in any
 * order. A comma joins two lines, which no browser sends, or is in a value, which another host may have planted too: what follows one
 * comes last.
 */
function valuesIn(headers: Headers, name: string): string[] {
  const parts = (headers.get("cookie") ?? "").split(";", COOKIES_MAX).map((pair) => pair.split(",", COOKIES_MAX));
  const pairs = [...parts.flatMap((part) => part.slice(0, 1)), ...parts.flatMap((part) => part.slice(1))].map((pair) =>
    pair.trim(),
  );
  const values = pairs.flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []));
  return [...new Set(values)].slice(0, VALUES_MAX);
}

/** The `Set-Cookie` value; `sealed` null deletes the cookie. Plain http means a local machine, or TLS ends in front of us. */
export function sessionCookie(sealed: string | null, url: URL): string {
  const secure = url.protocol === "https:" ? "; Secure" : "";
  const age = sealed === null ? 0 : SESSION_MS / 1000;
  return `${COOKIE}=${sealed ?? ""}; Path=/_oncegate; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}

/** The `Set-Cookie` value; `seq` null deletes the cookie. */
export function noticeCookie(seq: number | null, url: URL): string {
  const secure = url.protocol === "https:" ? "; Secure" : "";
  const age = seq === null ? 0 : NOTICE_SECONDS;
  return `${NOTICE}=${seq ?? ""}; Path=/_oncegate; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}

/** Whether the request loads a top-level page. A script's fetch or an embedded frame does not. */
export function isNavigation(headers: Headers): boolean {
  const [mode, destination] = [headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")];
  return (mode === null || mode === "navigate") && (destination === null || destination === "document");
}

/** Whether the console's own form may have sent the request. Without these headers only the form's CSRF token decides. */
export function isSameOrigin(headers: Headers, url: URL): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") return false;
  const origin = headers.get("origin");
  if (origin === null) return true;
  // `null` is any sandboxed frame or local file. Only hosts are compared: a TLS proxy changes the scheme.
  return URL.canParse(origin) && new URL(origin).host === url.host;
}

export async function pageHeaders(): Promise<Headers> {
  return new Headers({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": await contentSecurityPolicy({ style: STYLE, formAction: "'self'", hasIcon: true }),
    "cache-control": "no-store",
    // With "no-referrer", browsers would send the forms of these pages with `Origin: null`.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    // A page that opens the console in a window gets no handle to it. The opener may set COOP too, so COEP makes them differ.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
  });
}
