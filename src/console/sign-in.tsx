/** Signing in and out. */

import { type Tokens } from "../config/operator-token.ts";
import { authenticate } from "../operator/authenticate.ts";
import { type ReservedCall } from "../operator/operator-context.ts";
import { isOperatorProblem } from "../operator/problem.ts";
import { OPERATOR_NAME } from "../operator/requests.ts";
import { sessionCookie } from "./browser.ts";
import { problemText } from "./form.ts";
import { Alert, pageResponse, seeOther } from "./layout.tsx";
import { HOME, consolePathOr } from "./paths.ts";
import { sealSession } from "./session.ts";

export async function signIn(c: ReservedCall, tokens: Tokens, form: URLSearchParams): Promise<Response> {
  const { hostname, url } = c.var;
  const to = form.get("to") ?? HOME;
  const name = (form.get("operator") ?? "").trim();
  const refused = (message: string, status = 403): Promise<Response> =>
    signInPage(c, { to, isFromOtherSite: false, message, status, name });
  const role = await authenticate(c, tokens, form.get("token") ?? "", "console");
  if (isOperatorProblem(role)) {
    return role.code === "unauthorized"
      ? refused("This token is not valid for this hostname.")
      : refused(problemText(role), role.status);
  }
  if (name !== "" && !OPERATOR_NAME.test(name)) return refused("A name has 1 to 100 printable ASCII characters.");
  const content = { id: crypto.randomUUID(), role, operator: name === "" ? null : name };
  const response = seeOther(consolePathOr(to));
  response.headers.set("set-cookie", sessionCookie(await sealSession(tokens, hostname, content, Date.now()), url));
  return response;
}

/** Deletes the cookie. Sessions are not stored, so a copy of it stays valid until it expires. */
export function signOut(c: ReservedCall): Response {
  const response = seeOther(HOME);
  response.headers.set("set-cookie", sessionCookie(null, c.var.url));
  return response;
}

interface SignInPage {
  /** Where signing in leads. */
  readonly to: string;
  /** A browser that follows a link of another site doesn't send the session's cookie. */
  readonly isFromOtherSite: boolean;
  /** Why the last request was refused; null if none was. */
  readonly message: string | null;
  /** That of the refusal. */
  readonly status?: number;
  /** The name that a refused form had. */
  readonly name?: string;
}

export function signInPage(
  c: ReservedCall,
  { to, isFromOtherSite, message, status = 403, name = "" }: SignInPage,
): Promise<Response> {
  const path = consolePathOr(to);
  const children = (
    <>
      <Alert message={message} />
      {isFromOtherSite ? (
        <section>
          <p>
            You came from another site. If you are signed in, <a href={path}>continue</a>.
          </p>
        </section>
      ) : null}
      <section>
        <form class="stack" method="post" action="/_oncegate/sign-in">
          <input type="hidden" name="to" value={path} />
          <div class="field">
            <label class="field">
              Your name
              <input
                type="text"
                name="operator"
                maxlength={100}
                autocomplete="username"
                aria-describedby="name-use"
                value={name}
              />
            </label>
            <span class="soft" id="name-use">
              Optional. Recorded in the audit log, and not verified.
            </span>
          </div>
          <label class="field">
            Operator token
            <input type="password" name="token" required autocomplete="current-password" />
          </label>
          <button>Sign in</button>
        </form>
      </section>
    </>
  );
  return pageResponse(c, message === null ? 200 : status, { title: "Sign in", at: null, session: null, children });
}
