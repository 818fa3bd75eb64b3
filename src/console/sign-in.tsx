/** Where a token is presented. */

import { Alert, HOME, pageResponse } from "./layout.tsx";

/** Where it may lead on to: nowhere but into the console. */
const INSIDE = /^\/_oncegate\/(?:records\/[0-9a-f]{64})?$/;

export function insideOnly(path: string): string {
  return INSIDE.test(path) ? path : HOME;
}

/** `isFromElsewhere`: a browser that follows another site's link keeps the session to itself. */
export function signInPage(
  hostname: string,
  asked: { readonly to: string; readonly isFromElsewhere: boolean; readonly said: string | null },
): Promise<Response> {
  const to = insideOnly(asked.to);
  const children = (
    <>
      <Alert said={asked.said} />
      {asked.isFromElsewhere ? (
        <section>
          <p>
            You came from another site. If you have signed in already, <a href={to}>go on</a>.
          </p>
        </section>
      ) : null}
      <section>
        <form class="stack" method="post" action="/_oncegate/sign-in">
          <input type="hidden" name="to" value={to} />
          <div class="field">
            <label class="field">
              Your name
              <input type="text" name="operator" maxlength={100} autocomplete="username" aria-describedby="name-use" />
            </label>
            <span class="soft" id="name-use">
              For the audit. It may be left empty, and is not checked.
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
  return pageResponse(asked.said === null ? 200 : 403, { title: "Sign in", hostname, session: null, children });
}
