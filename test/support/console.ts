/** An operator's browser, as far as the console depends on it: it keeps the cookie, and sends what a form has. */

import { HOST } from "./gateway.ts";
import { type Operator, TOKEN, operatorOf } from "./operator.ts";
import { type Entry } from "./gateway.ts";

type Fields = Readonly<Record<string, string>>;
type HeaderFields = Readonly<Record<string, string>>;

export interface Browser {
  readonly operator: Operator;
  /** What it sends as `Cookie`; null before signing in. */
  cookie: string | null;
  get(path: string, headers?: HeaderFields): Promise<Response>;
  /** With the token of the session's forms, unless `fields` has another. */
  post(path: string, fields: Fields, headers?: HeaderFields): Promise<Response>;
  signIn(fields?: Fields, headers?: HeaderFields): Promise<Response>;
}

/** The headers that Chromium sends for a link or a form of the same origin. */
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
  const form = { "content-type": "application/x-www-form-urlencoded", origin: "null" };
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

/** The token that a page's forms have. */
export function csrfIn(page: string): string {
  return /name="csrf" value="([^"]*)"/.exec(page)?.[1] ?? "";
}

export async function signedIn(entry: Entry = {}, more: Record<string, Entry> = {}): Promise<Browser> {
  const browser = browserOf(entry, more);
  await browser.signIn();
  return browser;
}
