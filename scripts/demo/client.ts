// Sends one charge once, with the trouble planned for it, and returns what the client sees.

import { request as httpRequest } from "node:http";
import { type IncomingMessage } from "node:http";
import { type Doors } from "./lossy-proxy.ts";
import { type Trouble } from "./plan.ts";

export type ChargeRequest = {
  readonly key: string;
  readonly body: Readonly<Record<string, string | number>>;
};

export type Delivery =
  | Answer
  /** The client closed its connection before an answer came. */
  | { readonly kind: "hung-up" }
  /** The connection broke as planned. */
  | { readonly kind: "lost" }
  /** The connection broke or timed out, which was not planned. */
  | { readonly kind: "failed"; readonly reason: string };

export type Answer = {
  readonly kind: "answered";
  readonly status: number;
  /** The token of `Idempotency-Status`; null if the answer comes from the origin itself. */
  readonly mark: string | null;
  /** The `code` of a problem. */
  readonly code: string | null;
  readonly retryable: boolean;
  /** The `id` of a charge. */
  readonly chargeId: string | null;
};

/** More than the 25 s that the gateway lets a duplicate wait for the original. */
const ANSWER_TIMEOUT_MS = 30_000;

/** Never rejects: every result of a request is a `Delivery`. */
export function send(doors: Doors, charge: ChargeRequest, trouble: Trouble): Promise<Delivery> {
  const { promise, resolve } = Promise.withResolvers<Delivery>();
  const body = JSON.stringify(charge.body);
  const door = trouble.kind === "answer-lost" ? doors.lossyUrl : doors.url;
  const request = httpRequest(`${door}/v1/charges`, {
    method: "POST",
    // A connection for each request, so that hanging up affects no other one.
    agent: false,
    headers: {
      Authorization: "Bearer demo",
      "Content-Type": "application/json",
      "Content-Length": Buffer.byteLength(body),
      "Idempotency-Key": charge.key,
    },
  });

  const timeout = setTimeout(() => {
    resolve({ kind: "failed", reason: `no answer within ${ANSWER_TIMEOUT_MS} ms` });
    request.destroy();
  }, ANSWER_TIMEOUT_MS);
  request.once("close", () => clearTimeout(timeout));
  request.once("response", (response) => {
    readAnswer(response).then(resolve, (error: unknown) => resolve(broken(trouble, error)));
  });
  request.once("error", (error) => resolve(broken(trouble, error)));
  if (trouble.kind === "hang-up") {
    // The delay begins when the request has been written, so it has certainly been sent.
    request.once("finish", () =>
      setTimeout(() => {
        resolve({ kind: "hung-up" });
        request.destroy();
      }, trouble.afterMs),
    );
  }
  request.end(body);
  return promise;
}

function broken(trouble: Trouble, error: unknown): Delivery {
  return trouble.kind === "answer-lost" ? { kind: "lost" } : { kind: "failed", reason: String(error) };
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += String(chunk);
  const body = parseObject(text);
  const mark = response.headers["idempotency-status"];
  return {
    kind: "answered",
    status: response.statusCode ?? 0,
    // An RFC 9651 Item: the token ends where its parameters begin.
    mark: typeof mark === "string" ? (mark.split(";")[0] ?? mark).trim() : null,
    code: textOrNull(body["code"]),
    retryable: body["retryable"] === true,
    chargeId: response.statusCode === 201 ? textOrNull(body["id"]) : null,
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    // Not JSON, so neither a charge nor a problem. The status is enough.
    return {};
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
