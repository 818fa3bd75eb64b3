/** For servers of Node's `http`, and frameworks over it. */

import { type RequestHead } from "./attempt.ts";
import { type Fence } from "./fence.ts";
import { type Answer } from "./outcome.ts";

/** What is used of `IncomingMessage`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What is used of `ServerResponse`. */
export interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/** The head of a request, for `run` and `probe` of a fence. */
export function nodeHead({ method = "GET", url = "/", headers }: NodeRequest): RequestHead {
  return { method, url, headers: { get: (name) => valueOf(headers[name.toLowerCase()]) } };
}

/** Several lines of one field, which Node.js gives as a list for some, count as one value. */
function valueOf(value: string | string[] | undefined): string | null {
  return Array.isArray(value) ? value.join(", ") : (value ?? null);
}

/** Sends the answer. */
export function sendAnswer(response: NodeResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers });
  response.end(body);
}

/** Answers a probe of the gateway. False where the request is none, and nothing was sent. Rejects with what the store throws. */
export async function answerProbe(
  fence: Pick<Fence<never>, "probe">,
  request: NodeRequest,
  response: NodeResponse,
): Promise<boolean> {
  const answer = await fence.probe(nodeHead(request));
  if (answer === null) return false;
  sendAnswer(response, answer);
  return true;
}
