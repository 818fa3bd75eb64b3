/** An operator's browser, as far as the console needs one: it keeps the cookie and submits forms. */

import { type Entry, HOST, uniqueKey } from "./gateway.ts";
import { type Operator, TOKEN, idOf, operatorOf } from "./operator.ts";
import { scriptOrigin } from "./origin.ts";

type Fields = Readonly<Record<string, string>>;
type HeaderFields = Readonly<Record<string, string>>;

export interface Browser {
  readonly operator: Operator;
  /** The `Cookie` header; null before signing in. */
  cookie: string | null;
  get(path: string, headers?: HeaderFields): Promise<Response>;
  /** Adds the session's CSRF token, unless `fields` has one. */
  post(path: string, fields: Fields, headers?: HeaderFields): Promise<Response>;
  signIn(fields?: Fields, headers?: HeaderFields): Promise<Response>;
}

/** The headers that Chromium sends when a link or form of the same origin loads a page. */
const NAVIGATES = {
  "sec-fetch-site": "same-origin",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
};

export function browserOf(entry: Entry = {}, more: Record<string, Entry> = {}, secrets?: object, host = HOST): Browser {
  const operator = operatorOf(entry, more, { OPERATOR_TOKEN: TOKEN, ...secrets });
  const url = (path: string): string => `https://${host}/_oncegate${path}`;
  const send = (path: string, init: { method?: string; body?: string }, headers: HeaderFields): Promise<Response> =>
    operator.client.fetch(url(path), {
      ...init,
      headers: { ...NAVIGATES, ...(browser.cookie === null ? {} : { cookie: browser.cookie }), ...headers },
    });
  const form = { "content-type": "application/x-www-form-urlencoded", origin: `https://${host}` };
  const post = (path: string, fields: Fields, headers: HeaderFields): Promise<Response> =>
    send(path, { method: "POST", body: new URLSearchParams(fields).toString() }, { ...form, ...headers });
  const browser: Browser = {
    operator,
    cookie: null,
    get: (path, headers = {}) => send(path, {}, headers),
    async post(path, fields, headers = {}) {
      const csrf = fields["csrf"] ?? csrfIn(await (await send("/", {}, {})).text());
      return post(path, { csrf, ...fields }, headers);
    },
    async signIn(fields = {}, headers = {}) {
      const response = await post("/sign-in", { token: TOKEN, operator: "jane", ...fields }, headers);
      browser.cookie = response.headers.get("set-cookie")?.split(";")[0] ?? null;
      return response;
    },
  };
  return browser;
}

/** The CSRF token in a page's forms. */
export function csrfIn(page: string): string {
  return /name="csrf" value="([^"]*)"/.exec(page)?.[1] ?? "";
}

export async function signedIn(entry: Entry = {}, more: Record<string, Entry> = {}): Promise<Browser> {
  const browser = browserOf(entry, more);
  await browser.signIn();
  return browser;
}

/** A signed-in operator, and a key whose outcome is unknown. */
export async function withUnknown(path = "/v1/charges", key = uniqueKey()) {
  const origin = scriptOrigin(() => new Response("?", { status: 502 }));
  const browser = await signedIn();
  await browser.operator.client.post(path, { key });
  return { origin, browser, key, id: await idOf(key, path) };
}
