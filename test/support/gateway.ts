/** Sends requests through the whole Worker, with a tenant configuration of the test's own. */

import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { gateway } from "../../src/worker/gateway.ts";
import { secretsNamedBy } from "./secrets.ts";

const ORIGIN = "http://origin.test";
export const HOST = "api.test";

/** An entry of `TENANTS` as it is written in a configuration. */
export type Entry = Record<string, unknown>;

export interface Client {
  /** A keyed POST by default; each header may be overridden, or removed by null. */
  post(path: string, options?: PostOptions): Promise<Response>;
  fetch(input: string, init?: RequestInit): Promise<Response>;
}

interface PostOptions {
  readonly key?: string | null;
  readonly method?: string;
  readonly body?: BodyInit | null;
  readonly json?: unknown;
  readonly headers?: Record<string, string | null>;
  /** What the platform knows about the connection. */
  readonly cf?: Record<string, unknown>;
}

/**
 * A gateway that serves `api.test` by `entry`, over the caller `authorization`. `others` are bindings of the test's own. Every
 * secret that an entry names is listed; `SECRETS` among `others` adds to that.
 */
export function clientOf(entry: Entry = {}, more: Record<string, Entry> = {}, others: object = {}): Client {
  const tenants = { [HOST]: { origin: ORIGIN, caller: ["authorization"], ...entry }, ...more };
  const secrets = { ...secretsNamedBy(tenants), ...Reflect.get(others, "SECRETS") };
  const bindings = { ...env, ...others, TENANTS: tenants, SECRETS: secrets };
  const send = async (url: string, init?: RequestInit): Promise<Response> =>
    gateway.fetch(new Request(url, { redirect: "manual", ...init }), bindings, createExecutionContext());
  return {
    fetch: send,
    post(path, { key = crypto.randomUUID(), method = "POST", body, json, headers = {}, cf } = {}) {
      const fields = new Headers({ authorization: "Bearer alice" });
      if (key !== null) fields.set("idempotency-key", key);
      if (json !== undefined) fields.set("content-type", "application/json");
      for (const [name, value] of Object.entries(headers)) {
        if (value === null) fields.delete(name);
        else fields.set(name, value);
      }
      const content = json === undefined ? (body ?? null) : JSON.stringify(json);
      return send(`https://${HOST}${path}`, { method, headers: fields, body: content, ...(cf && { cf }) });
    },
  };
}

export function uniqueKey(): string {
  return crypto.randomUUID();
}

/** `status` of `Idempotency-Status`, without its parameters. */
export function statusOf(response: Response): string | undefined {
  return response.headers.get("idempotency-status")?.split(";")[0];
}

/** The `code` of a problem, with its status: `409 in_flight`. */
export async function problemOf(response: Response): Promise<string> {
  const { code } = await response.clone().json<{ code: string }>();
  return `${response.status} ${code}`;
}
