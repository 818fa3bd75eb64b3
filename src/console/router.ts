/**
 * The console, at `/_oncegate/` of each tenant's hostname (docs/operator-api.md O8): pages for people over the operator API.
 * The pages run no script. They require a session, whereas the API requires a token.
 */

import { accepts } from "hono/accepts";
import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { type Tokens, areSet, tokensOf } from "../config/operator-token.ts";
import { type AcceptedRange, preferredType } from "../http/negotiation.ts";
import { plainProblem } from "../http/problem.ts";
import { CSV, NDJSON } from "../operator/export-formats.ts";
import { type ReservedCall, type ReservedContext } from "../operator/operator-context.ts";
import { isOperatorProblem } from "../operator/problem.ts";
import { wholeId } from "../operator/record-name.ts";
import { isEqual } from "../operator/tokens.ts";
import { actOn, find, recordPage, settleManyBy, settleManyPage, showBody } from "./actions.tsx";
import { isNavigation, isSameOrigin, sealedIn } from "./browser.ts";
import { SIGN_IN_BYTES_MAX, problemText, readForm } from "./form.ts";
import { seeOther } from "./layout.tsx";
import {
  auditPage,
  exportPage,
  helpPage,
  keylessPage,
  notFoundPage,
  overviewPage,
  policyPage,
  recordsPage,
  refusedBy,
  unknownPage,
} from "./pages.tsx";
import * as paths from "./paths.ts";
import { type Session, openSession } from "./session.ts";
import { signIn, signInPage, signOut } from "./sign-in.tsx";

/** The paths are absolute, since a mounted app would lose the slash at the end of the first page's path. */
export const operatorConsole = new HonoBase<ReservedContext>({ router: new TrieRouter() });

operatorConsole.get("/_oncegate", (c) => (areSet(tokens(c)) ? seeOther(paths.HOME) : notFound()));
operatorConsole.get(paths.HOME, page(overviewPage));
operatorConsole.get(paths.UNKNOWN_PATH, page(unknownPage));
operatorConsole.get(paths.AUDIT_PATH, page(auditPage));
operatorConsole.get(paths.KEYLESS_PATH, page(keylessPage));
operatorConsole.get(paths.POLICY_PATH, page(policyPage));
operatorConsole.get(paths.HELP_PATH, page(helpPage));
operatorConsole.get(
  paths.RECORDS_PATH,
  page(async (c, session) => {
    const { searchParams } = c.var.url;
    const given = searchParams.get("id");
    if (given === null) return recordsPage(c, session);
    const id = await wholeId(c, given.trim().toLowerCase());
    const isRefused = isOperatorProblem(id);
    return isRefused ? recordsPage(c, session, refusedBy(id, searchParams)) : seeOther(paths.recordPath(id));
  }),
);
operatorConsole.get(
  `${paths.RECORDS_PATH}/:id`,
  page((c, session) => recordPage(c, session, c.req.param("id") ?? "")),
);
operatorConsole.post(
  `${paths.RECORDS_PATH}/:id`,
  submission((c, session, form) => actOn(c, session, c.req.param("id") ?? "", form)),
);
operatorConsole.post(
  `${paths.RECORDS_PATH}/:id/body`,
  submission((c, session) => showBody(c, session, c.req.param("id") ?? "")),
);
operatorConsole.get(paths.SETTLE_MANY_PATH, page(settleManyPage));
operatorConsole.post(paths.SETTLE_MANY_PATH, submission(settleManyBy));
for (const format of [CSV, NDJSON]) {
  operatorConsole.get(
    `/_oncegate/${format.name}`,
    page((c, session) => exportPage(c, session, format)),
  );
}
operatorConsole.post("/_oncegate/find", submission(find));
operatorConsole.post("/_oncegate/sign-out", submission(signOut));
operatorConsole.post("/_oncegate/sign-in", async (c) => {
  if (!areSet(tokens(c))) return notFound();
  if (!isSameOrigin(c.req.raw.headers, c.var.url)) return askToSignIn(c, FOREIGN);
  const form = await readForm(c.req.raw, SIGN_IN_BYTES_MAX);
  return isOperatorProblem(form) ? askToSignIn(c, problemText(form)) : signIn(c, tokens(c), form);
});

// Not those of programs, below which every answer is for a program.
operatorConsole.get("/_oncegate/*", async (c, next) => {
  const { pathname } = c.var.url;
  if (!areSet(tokens(c)) || FOR_PROGRAMS.test(pathname) || !wantsPage(c)) return next();
  const [session] = isNavigation(c.req.raw.headers) ? await sessionsOf(c) : [];
  return notFoundPage(c, session ?? null);
});

const FOR_PROGRAMS = /^\/_oncegate\/(?:v1|health|metrics)(?:\/|$)/;

/** Whether the client prefers a page to a problem document, as browsers do. */
function wantsPage(c: ReservedCall): boolean {
  const supports = ["application/problem+json", "text/html"];
  const match = (ranges: readonly AcceptedRange[]): string => preferredType(ranges, supports) ?? "";
  return accepts(c, { header: "Accept", supports, default: "", match }) === "text/html";
}

type Answer = Response | Promise<Response>;

/** A page for signed-in operators. */
function page(show: (c: ReservedCall, session: Session) => Answer) {
  return async (c: ReservedCall): Promise<Response> => {
    if (!areSet(tokens(c))) return notFound();
    const [session] = isNavigation(c.req.raw.headers) ? await sessionsOf(c) : [];
    return session === undefined ? askToSignIn(c, null) : show(c, session);
  };
}

const FOREIGN = "The request came from another site. Nothing was changed.";
const NO_SESSION = "Your session has expired, or you were not signed in. Nothing was changed. Sign in and try again.";
const STALE = "The form belongs to another session. Nothing was changed. Sign in and try again.";

/** A form that a signed-in operator submits. */
function submission(act: (c: ReservedCall, session: Session, form: URLSearchParams) => Answer) {
  return async (c: ReservedCall): Promise<Response> => {
    if (!areSet(tokens(c))) return notFound();
    const { headers } = c.req.raw;
    if (!isSameOrigin(headers, c.var.url) || !isNavigation(headers)) return askToSignIn(c, FOREIGN);
    const sessions = await sessionsOf(c);
    const [first] = sessions;
    if (first === undefined) return askToSignIn(c, NO_SESSION);
    const form = await readForm(c.req.raw);
    if (isOperatorProblem(form)) return recordsPage(c, first, refusedBy(form));
    const session = await sessionWith(form.get("csrf") ?? "", sessions);
    return session === null ? askToSignIn(c, STALE) : act(c, session, form);
  };
}

/** Those that are valid, of all that the browser sends. */
async function sessionsOf(c: ReservedCall): Promise<Session[]> {
  const opening = sealedIn(c.req.raw.headers).map((sealed) =>
    openSession(tokens(c), c.var.hostname, sealed, Date.now()),
  );
  return (await Promise.all(opening)).filter((session) => session !== null);
}

/** The session whose page sent the form. */
async function sessionWith(csrf: string, sessions: readonly Session[]): Promise<Session | null> {
  for (const session of sessions) if (await isEqual(csrf, session.csrf)) return session;
  return null;
}

function askToSignIn(c: ReservedCall, message: string | null): Promise<Response> {
  const isFromOtherSite = c.req.header("sec-fetch-site") === "cross-site" && c.req.method === "GET";
  const { pathname, search } = c.var.url;
  return signInPage(c, { to: `${pathname}${search}`, isFromOtherSite, message });
}

function tokens(c: ReservedCall): Tokens {
  return tokensOf(c.env, c.var.tenant);
}

/** The same answer as on a hostname without a console. */
function notFound(): Response {
  return plainProblem(404, "Not Found");
}
