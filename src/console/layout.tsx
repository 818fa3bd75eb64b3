/** The frame of every console page. Values from clients, origins and operators are escaped text in it, never markup. */

import { ICON } from "../http/page-style.ts";
import { type HoldView, holdsView } from "../operator/holds-view.ts";
import { type ReservedCall } from "../operator/operator-context.ts";
import { pageHeaders } from "./browser.ts";
import { HoldBanner } from "./hold-banner.tsx";
import { type Hosts, otherHosts } from "./hosts.ts";
import { HELP_PATH, HOME, PAGES, POLICY_PATH, type PagePath } from "./paths.ts";
import { type Session } from "./session.ts";
import { STYLE } from "./style.ts";
import { timeOf } from "./times.tsx";

interface PageProps {
  readonly title: string;
  /** The page of the navigation that this one is, or belongs to; null where it belongs to none. */
  readonly at: PagePath | null;
  /** Null before signing in. */
  readonly session: Session | null;
  readonly children: unknown;
}

export async function pageResponse(c: ReservedCall, status: number, props: PageProps): Promise<Response> {
  const { session } = props;
  const { hostname, tenant, url } = c.var;
  const hosts = session === null ? null : otherHosts(c, session);
  const holds = session === null ? [] : await holdsView(c.env, hostname, tenant);
  const page = <Page {...props} {...{ hostname, hosts, holds }} path={url.pathname} />;
  return new Response(`<!doctype html>${(await page).toString()}`, { status, headers: await pageHeaders() });
}

export function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { location: path, "cache-control": "no-store" } });
}

interface FrameProps extends PageProps {
  readonly hostname: string;
  readonly path: string;
  readonly hosts: Hosts | null;
  readonly holds: readonly HoldView[];
}

function Page({ title, at, hostname, path, session, hosts, holds, children }: FrameProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{`${title} · ${hostname}`}</title>
        <link rel="icon" href={ICON} />
        <style>{STYLE}</style>
      </head>
      <body>
        <a class="skip" href="#content">
          Skip to the content
        </a>
        <header>
          <div class="name">
            <b>Oncegate</b> <HostSwitcher hostname={hostname} hosts={hosts} />
          </div>
          {session === null ? null : <SignedIn session={session} />}
        </header>
        {session === null ? null : <Navigation at={at} path={path} />}
        <main id="content">
          <HoldBanner holds={holds} />
          <h1>{title}</h1>
          {children}
        </main>
        <Footer isSignedIn={session !== null} />
      </body>
    </html>
  );
}

function Footer({ isSignedIn }: { isSignedIn: boolean }) {
  return (
    <footer>
      <p>
        All times are UTC.{" "}
        {isSignedIn ? (
          <>
            <a href={HELP_PATH}>What the words mean</a> · <a href={POLICY_PATH}>The policy of this hostname</a> ·{" "}
          </>
        ) : null}
        <a href="/.well-known/idempotency">What clients see</a>
      </p>
    </footer>
  );
}

/** A page below another, such as a record, is not the current page itself. */
function Navigation({ at, path }: { at: PagePath | null; path: string }) {
  return (
    <nav class="nav" aria-label="Console">
      <ul>
        {PAGES.map(({ path: page, label }) => (
          <li>
            <a href={page} aria-current={page === at ? (page === path ? "page" : "true") : undefined}>
              {label}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** A session opens one hostname, so each of the others asks to sign in once. */
function HostSwitcher({ hostname, hosts }: { hostname: string; hosts: Hosts | null }) {
  if (hosts === null || hosts.shown.length + hosts.wildcards.length === 0) {
    return hosts === null ? <span>{hostname}</span> : <a href={HOME}>{hostname}</a>;
  }
  const { shown, more, wildcards } = hosts;
  return (
    <details class="hosts">
      <summary aria-label={`Hostname ${hostname}. Switch to another`}>{hostname}</summary>
      <div class="menu">
        <ul>
          {shown.map((host) => (
            <li>
              <a href={host.href}>{host.hostname}</a>
            </li>
          ))}
        </ul>
        {more === 0 ? null : <p class="soft">And {more} more: open their address.</p>}
        {wildcards.length === 0 ? null : <p class="soft">The token also opens what {wildcards.join(", ")} serves.</p>}
      </div>
    </details>
  );
}

function SignedIn({ session }: { session: Session }) {
  const { operator, role, untilMs } = session;
  return (
    <div class="who">
      <span>
        {operator ?? "anonymous"} ({role === "operator" ? "operator token" : "tenant token"}) until {timeOf(untilMs)}{" "}
        UTC
      </span>
      <form method="post" action="/_oncegate/sign-out">
        <Csrf session={session} />
        <button class="quiet">Sign out</button>
      </form>
    </div>
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
