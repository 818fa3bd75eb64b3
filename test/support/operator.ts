/** An operator of a test's gateway. */

import { digestOf } from "../../src/identity/digest.ts";
import { type RecordScope, recordId } from "../../src/identity/record-id.ts";
import { type Client, type Entry, HOST, clientOf, uniqueKey } from "./gateway.ts";
import { scriptOrigin } from "./origin.ts";

export const TOKEN = "operators-token";

export interface Operator {
  readonly client: Client;
  get(path: string, options?: Options): Promise<Response>;
  post(path: string, json: unknown, options?: Options): Promise<Response>;
}

interface Options {
  readonly host?: string;
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
}

/** A gateway that serves `api.test` under `entry` and has operator tokens. */
export function operatorOf(
  entry: Entry = {},
  more: Record<string, Entry> = {},
  secrets: Record<string, unknown> = { OPERATOR_TOKEN: TOKEN },
): Operator {
  const client = clientOf(entry, more, secrets);
  const send = (method: string, path: string, { host = HOST, token = TOKEN, headers = {} }: Options, body?: string) =>
    client.fetch(`https://${host}/_oncegate/v1${path}`, {
      method,
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body }),
    });
  return {
    client,
    get: (path, options = {}) => send("GET", path, options),
    post: (path, json, options = {}) => send("POST", path, options, JSON.stringify(json)),
  };
}

/** Of `clientOf`'s default caller. */
export function callerDigest(): Promise<string> {
  return digestOf(["caller", "authorization", "bearer alice"]);
}

/** The id of the record of `clientOf`'s default caller for `POST path`. */
export async function idOf(key: string, path: string, more: Partial<RecordScope> = {}): Promise<string> {
  const caller = await callerDigest();
  return recordId({ tenant: HOST, method: "POST", path, caller, key, isDerived: false, ...more });
}

/** An operator, and a key whose record for `POST /v1/charges` is in the state that `answer` causes. */
export async function operatorWith(answer: () => Response, entry: Record<string, unknown> = {}) {
  const origin = scriptOrigin(answer);
  const operator = operatorOf(entry);
  const key = uniqueKey();
  await operator.client.post("/v1/charges", { key });
  return { origin, operator, client: operator.client, key, id: await idOf(key, "/v1/charges") };
}

/** Polls until `isRight`: key objects report to the journal in the background. */
export async function eventually<T>(look: () => Promise<T>, isRight: (seen: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const seen = await look();
    if (isRight(seen)) return seen;
    if (tries === 2000) throw new Error(`not seen in time; last seen: ${JSON.stringify(seen)}`);
    await scheduler.wait(1);
  }
}
