/**
 * The snippets of docs/clients.md, each brought to one form, and what is particular to each client: how it ends where the
 * network or the gateway does not let it have an answer.
 */

import { isAxiosError } from "axios";
import { HTTPError as GotHttpError } from "got";
import { isHTTPError as isKyHttpError } from "ky";
import { FetchError } from "ofetch";
import { APIError as OpenAIError } from "openai";
import { SquareError } from "square";
import Stripe from "stripe";
import { ApiException } from "svix";
import { connectAxios } from "./snippets/axios-retry.ts";
import { connectGot } from "./snippets/got.ts";
import { connectKy } from "./snippets/ky.ts";
import { connectOfetch } from "./snippets/ofetch.ts";
import { connectOpenAI } from "./snippets/openai.ts";
import { connectResend } from "./snippets/resend.ts";
import { connectSquare } from "./snippets/square.ts";
import { connectStripe } from "./snippets/stripe.ts";
import { connectSvix } from "./snippets/svix.ts";
import { connectUndici } from "./snippets/undici.ts";

/** Buys something for an amount under a key, and says its id. */
export type Buy = (amount: number, key: string) => Promise<string | undefined>;

/** How one call ended, and what the gateway had answered to each of its requests. */
export interface Ending {
  readonly ends: string;
  readonly answers: readonly string[];
}

export interface Client {
  readonly name: string;
  readonly connect: (gateway: string, token: string, timeoutMs: number) => Buy;
  /** An error as the program that uses the client sees it: status and problem code, wherever the client keeps them. */
  readonly failure: (error: unknown) => string;
  /** The id of the first thing that an account buys. */
  readonly bought: string;
  readonly answerIsCut: Ending;
  readonly outcomeIsUnknown: Ending;
  /** With what was answered to the original. */
  readonly stillInFlight: Ending;
}

/** Those that let the end of a broken body through as fetch throws it. */
const TERMINATED: Ending = { ends: "TypeError: terminated", answers: ["executed"] };

const REPEATED_AFTER_THE_CUT = (bought: string): Ending => ({ ends: bought, answers: ["executed", "replayed"] });

/** Those that obey "do not retry". */
const UNKNOWN_ONCE: Ending = { ends: "502 origin_unreachable", answers: ["502 origin_unreachable"] };

/** Those that retry every 502. The retry runs nothing, and ends them. */
const UNKNOWN_TWICE: Ending = {
  ends: "409 outcome_unknown",
  answers: ["502 origin_unreachable", "409 outcome_unknown"],
};

/** Those that retry where the answer asks for it. The first answer is the original's. */
const COMES_AGAIN = (bought: string): Ending => ({ ends: bought, answers: ["executed", "409 in_flight", "replayed"] });

/** Those that never retry a 409, or make no difference between them. */
const GIVES_UP: Ending = { ends: "409 in_flight", answers: ["executed", "409 in_flight"] };

export const CLIENTS: readonly Client[] = [
  {
    name: "stripe",
    connect: (...to) => {
      const pay = connectStripe(...to);
      return async (amount, key) => (await pay(amount, key)).id;
    },
    failure: (error) =>
      error instanceof Stripe.errors.StripeError && error.statusCode !== undefined
        ? `${error.statusCode} ${error.code}`
        : String(error),
    bought: "pi_1",
    answerIsCut: {
      ends: "Error: An error occurred with our connection to Stripe.",
      answers: ["executed"],
    },
    outcomeIsUnknown: UNKNOWN_ONCE,
    stillInFlight: COMES_AGAIN("pi_1"),
  },
  {
    name: "square",
    connect: (...to) => {
      const pay = connectSquare(...to);
      return async (amount, key) => (await pay(BigInt(amount), key)).payment?.id;
    },
    failure: (error) =>
      error instanceof SquareError && error.statusCode !== undefined
        ? `${error.statusCode} ${codeIn(error.body)}`
        : String(error),
    bought: "payment_1",
    answerIsCut: REPEATED_AFTER_THE_CUT("payment_1"),
    outcomeIsUnknown: UNKNOWN_TWICE,
    stillInFlight: GIVES_UP,
  },
  {
    name: "resend",
    connect: (...to) => {
      const send = connectResend(...to);
      return async (amount, key) => {
        const { data, error } = await send(`Your receipt over ${amount}`, key);
        // The SDK returns errors; the others throw them.
        if (error !== null) throw error;
        return data.id;
      };
    },
    failure: (error) => `${(error as { status: number }).status} ${codeIn(error)}`,
    bought: "email_1",
    answerIsCut: REPEATED_AFTER_THE_CUT("email_1"),
    outcomeIsUnknown: UNKNOWN_ONCE,
    stillInFlight: COMES_AGAIN("email_1"),
  },
  {
    name: "openai",
    connect: (...to) => {
      const respond = connectOpenAI(...to);
      return async (amount, key) => (await respond(`What are ${amount} cents?`, key)).id;
    },
    failure: (error) => (error instanceof OpenAIError ? `${error.status} ${error.code}` : String(error)),
    bought: "resp_1",
    answerIsCut: TERMINATED,
    outcomeIsUnknown: UNKNOWN_ONCE,
    stillInFlight: COMES_AGAIN("resp_1"),
  },
  {
    name: "svix",
    connect: (...to) => {
      const send = connectSvix(...to);
      return async (amount, key) => (await send(amount, key)).id;
    },
    failure: (error) => (error instanceof ApiException ? `${error.code} ${codeIn(error.body)}` : String(error)),
    bought: "msg_1",
    answerIsCut: TERMINATED,
    outcomeIsUnknown: UNKNOWN_TWICE,
    stillInFlight: GIVES_UP,
  },
  {
    name: "got",
    connect: (...to) => {
      const charge = connectGot(...to);
      return async (amount, key) => (await charge(amount, key)).id;
    },
    failure: (error) =>
      error instanceof GotHttpError
        ? `${error.response.statusCode} ${codeIn(JSON.parse(String(error.response.body)))}`
        : String(error),
    bought: "charge_1",
    answerIsCut: {
      ends: "ReadError: Content-Length mismatch: expected 31 bytes, received 15 bytes",
      answers: ["executed"],
    },
    outcomeIsUnknown: UNKNOWN_ONCE,
    stillInFlight: COMES_AGAIN("charge_1"),
  },
  {
    name: "ky",
    connect: (...to) => {
      const charge = connectKy(...to);
      return async (amount, key) => (await charge(amount, key)).id;
    },
    failure: (error) => (isKyHttpError(error) ? `${error.response.status} ${codeIn(error.data)}` : String(error)),
    bought: "charge_1",
    answerIsCut: TERMINATED,
    outcomeIsUnknown: UNKNOWN_ONCE,
    stillInFlight: COMES_AGAIN("charge_1"),
  },
  {
    name: "axios-retry",
    connect: (...to) => {
      const charge = connectAxios(...to);
      return async (amount, key) => (await charge(amount, key)).id;
    },
    failure: (error) =>
      isAxiosError(error) && error.response !== undefined
        ? `${error.response.status} ${codeIn(error.response.data)}`
        : String(error),
    bought: "charge_1",
    answerIsCut: REPEATED_AFTER_THE_CUT("charge_1"),
    outcomeIsUnknown: UNKNOWN_ONCE,
    stillInFlight: COMES_AGAIN("charge_1"),
  },
  {
    name: "undici",
    connect: (...to) => {
      const charge = connectUndici(...to);
      return async (amount, key) => (await charge(amount, key)).id;
    },
    // The snippet's own message.
    failure: (error) => (error as Error).message,
    bought: "charge_1",
    // It asks for the rest of the answer by `Range`, which makes it another request, and takes what is no 206 for a fault.
    answerIsCut: {
      ends: "server does not support the range header and the payload was partially consumed",
      answers: ["executed", "422 key_reused"],
    },
    outcomeIsUnknown: UNKNOWN_ONCE,
    stillInFlight: GIVES_UP,
  },
  {
    name: "ofetch",
    connect: (...to) => {
      const charge = connectOfetch(...to);
      return async (amount, key) => (await charge(amount, key)).id;
    },
    failure: (error) =>
      error instanceof FetchError && error.statusCode !== undefined
        ? `${error.statusCode} ${codeIn(error.data)}`
        : String(error),
    bought: "charge_1",
    answerIsCut: TERMINATED,
    outcomeIsUnknown: UNKNOWN_ONCE,
    stillInFlight: GIVES_UP,
  },
];

/** The problem document's code. */
function codeIn(body: unknown): string {
  return typeof body === "object" && body !== null && "code" in body ? String(body.code) : "without a code";
}
