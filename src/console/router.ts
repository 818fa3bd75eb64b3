/**
 * The console, at `/_oncegate/` of the tenant's own hostname (docs/operator-api.md O8): pages for people over what the operator
 * API has for programs. Nothing runs in them. They are got with a session, and the API with a token alone.
 */

import { type ConsoleCall } from "./console-call.ts";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { type ReservedContext } from "../operator/operator-context.ts";
import { plainProblem } from "../http/problem.ts";
import { RECORD_ID } from "../operator/requests.ts";
import { isEqual } from "../operator/tokens.ts";
import { type Tokens, areSet, tokensOf } from "../config/operator-token.ts";
import { isNavigation, isSameOrigin, sealedIn } from "./browser.ts";
import { SIGN_IN_BYTES_MAX, readForm, wordsOf } from "./form.ts";
import { HOME } from "./layout.tsx";
import { type Session, openSession } from "./session.ts";
import { actOn, find, overviewPage, recordPage } from "./pages.tsx";
import { seeOther, signIn, signOut } from "./signing.ts";
import { signInPage } from "./sign-in.tsx";

/** With absolute paths, since the first page has a slash at its end that Hono would drop. */
export const operatorConsole = new HonoBase<ReservedContext>({ router: new TrieRouter() });

operatorConsole.get("/_oncegate", (c) => (areSet(tokens(c)) ? seeOther(HOME) : nothing()));
operatorConsole.get(
  HOME,
  reading((c, session) => overviewPage(c, session)),
);
operatorConsole.get(
  "/_oncegate/records",
  reading((c, session) => {
    const id = (c.var.url.searchParams.get("id") ?? "").trim().toLowerCase();
    return RECORD_ID.test(id)
      ? seeOther(`/_oncegate/records/${id}`)
      : overviewPage(c, session, 400, "That is no record's id.");
  }),
);
operatorConsole.get(
  "/_oncegate/records/:id",
  reading((c, session) => recordPage(c, session, c.req.param("id") ?? "")),
);
operatorConsole.post(
  "/_oncegate/records/:id",
  writing((c, session, form) => actOn(c, session, c.req.param("id") ?? "", form)),
);
operatorConsole.post("/_oncegate/find", writing(find));
operatorConsole.post("/_oncegate/sign-out", writing(signOut));
operatorConsole.post("/_oncegate/sign-in", async (c) => {
  if (!areSet(tokens(c))) return nothing();
  if (!isSameOrigin(c.req.raw.headers, c.var.url)) return askToSignIn(c, FOREIGN);
  const form = await readForm(c.req.raw, SIGN_IN_BYTES_MAX);
  return form instanceof Response ? askToSignIn(c, await wordsOf(form)) : signIn(c, tokens(c), form);
});

type Page = Response | Promise<Response>;

function reading(page: (c: ConsoleCall, session: Session) => Page) {
  return async (c: ConsoleCall): Promise<Response> => {
    if (!areSet(tokens(c))) return nothing();
    const session = isNavigation(c.req.raw.headers) ? await sessionOf(c) : null;
    return session === null ? askToSignIn(c, null) : page(c, session);
  };
}

const FOREIGN = "The request came from another site. Nothing was done.";
const STALE = "The form is not of this session. Nothing was done: sign in, and try again.";

function writing(page: (c: ConsoleCall, session: Session, form: URLSearchParams) => Page) {
  return async (c: ConsoleCall): Promise<Response> => {
    if (!areSet(tokens(c))) return nothing();
    const { headers } = c.req.raw;
    if (!isSameOrigin(headers, c.var.url) || !isNavigation(headers)) return askToSignIn(c, FOREIGN);
    const session = await sessionOf(c);
    if (session === null)
      return askToSignIn(c, "Your session is over, or was none. Nothing was done: sign in, and try again.");
    const form = await readForm(c.req.raw);
    if (form instanceof Response) return overviewPage(c, session, form.status, await wordsOf(form));
    if (!(await isEqual(form.get("csrf") ?? "", session.csrf))) return askToSignIn(c, STALE);
    return page(c, session, form);
  };
}

function sessionOf(c: ConsoleCall): Promise<Session | null> {
  const sealed = sealedIn(c.req.raw.headers);
  return sealed === null ? Promise.resolve(null) : openSession(tokens(c), c.var.hostname, sealed, Date.now());
}

function askToSignIn(c: ConsoleCall, said: string | null): Promise<Response> {
  const isFromElsewhere = c.req.header("sec-fetch-site") === "cross-site" && c.req.method === "GET";
  return signInPage(c.var.hostname, { to: c.var.url.pathname, isFromElsewhere, said });
}

function tokens(c: ConsoleCall): Tokens {
  return tokensOf(c.env, c.var.tenant);
}

/** As where there is no console at all. */
function nothing(): Response {
  return plainProblem(404, "Not Found");
}
