// Before a run: is something there, and does it forward to the origin? Without that every check fails, after a minute each.

import { type Context, contextFor, type Target } from "../context.ts";

const PREFLIGHT_TIMEOUT_MS = 30_000;

/** What is wrong, or undefined. */
export async function preflight(target: Target): Promise<string | undefined> {
  const context = contextFor(target, undefined);
  const [path, url] = [context.path(), target.url.origin];
  const seen = await attempt(context, path);
  if (context.origin.count(path) > 0) return undefined;
  return `${url} did not forward POST ${path} to the origin on port ${target.origin.port}: ${seen}.
Configure it to forward every request, with its path and body, to http://127.0.0.1:${target.origin.port}.`;
}

async function attempt({ send, key }: Context, path: string): Promise<string> {
  try {
    const { status, body } = await send(path, { key: key(), timeoutMs: PREFLIGHT_TIMEOUT_MS });
    return `it answered ${status} ${body.toString("latin1").slice(0, 200)}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
