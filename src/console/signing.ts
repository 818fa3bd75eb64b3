/** Signing in and out. */

import { OPERATOR_NAME } from "../operator/requests.ts";
import { type Tokens } from "../config/operator-token.ts";
import { roleOf } from "../operator/tokens.ts";
import { sessionCookie } from "./browser.ts";
import { HOME } from "./layout.tsx";
import { type ConsoleCall } from "./console-call.ts";
import { sealSession } from "./session.ts";
import { insideOnly, signInPage } from "./sign-in.tsx";

export async function signIn(c: ConsoleCall, tokens: Tokens, form: URLSearchParams): Promise<Response> {
  const { hostname, url } = c.var;
  const to = form.get("to") ?? HOME;
  const refused = (said: string): Promise<Response> => signInPage(hostname, { to, isFromElsewhere: false, said });
  const role = await roleOf(tokens, `Bearer ${form.get("token") ?? ""}`);
  if (role === null) return refused("That is no operator's token of this hostname.");
  const name = (form.get("operator") ?? "").trim();
  if (name !== "" && !OPERATOR_NAME.test(name)) return refused("A name has 1 to 100 printable ASCII characters.");
  const said = { id: crypto.randomUUID(), role, operator: name === "" ? null : name };
  const response = seeOther(insideOnly(to));
  response.headers.set("set-cookie", sessionCookie(await sealSession(tokens, hostname, said, Date.now()), url));
  return response;
}

/** The browser forgets the session. Nothing here knows of it, so a copy of it stays good until it is over. */
export function signOut(c: ConsoleCall): Response {
  const response = seeOther(HOME);
  response.headers.set("set-cookie", sessionCookie(null, c.var.url));
  return response;
}

export function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { location: path, "cache-control": "no-store" } });
}
