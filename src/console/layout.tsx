/** The frame of every console page. Values from clients, origins and operators are escaped text in it, never markup. */

import { pageHeaders } from "./browser.ts";
import { type Session } from "./session.ts";
import { STYLE } from "./style.ts";
import { timeOf } from "./times.ts";

export const HOME = "/_oncegate/";

interface PageProps {
  readonly title: string;
  readonly hostname: string;
  /** Null before signing in. */
  readonly session: Session | null;
  readonly children: unknown;
}

export async function pageResponse(status: number, props: PageProps): Promise<Response> {
  const page = <Page {...props} />;
  return new Response(`<!doctype html>${(await page).toString()}`, { status, headers: await pageHeaders() });
}

export function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { location: path, "cache-control": "no-store" } });
}

function Page({ title, hostname, session, children }: PageProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · ${hostname}`}</title>
        <style>{STYLE}</style>
      </head>
      <body>
        <header>
          <p class="name">Oncegate · {session === null ? <span>{hostname}</span> : <a href={HOME}>{hostname}</a>}</p>
          {session === null ? null : <SignedIn session={session} />}
        </header>
        <main>
          <h1>{title}</h1>
          {children}
        </main>
        <footer>
          <p>All times are UTC.</p>
        </footer>
      </body>
    </html>
  );
}

function SignedIn({ session }: { session: Session }) {
  const { operator, role, untilMs } = session;
  return (
    <>
      <p>
        {operator ?? "anonymous"} ({role === "operator" ? "all hostnames" : "this tenant"}) until {timeOf(untilMs)}
      </p>
      <form method="post" action="/_oncegate/sign-out">
        <Csrf session={session} />
        <button class="quiet">Sign out</button>
      </form>
    </>
  );
}

export function Csrf({ session }: { session: Session }) {
  return <input type="hidden" name="csrf" value={session.csrf} />;
}

/** Nothing if `message` is null. */
export function Alert({ message }: { message: string | null }) {
  return message === null ? null : (
    <section class="alert" role="alert">
      <p>{message}</p>
    </section>
  );
}
