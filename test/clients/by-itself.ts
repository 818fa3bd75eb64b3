/** Each client as it is without our settings: pointed at a server and given a time-out, and nothing else. */

import axios from "axios";
import axiosRetry from "axios-retry";
import got from "got";
import ky from "ky";
import { ofetch } from "ofetch";
import OpenAI from "openai";
import { Resend } from "resend";
import { SquareClient } from "square";
import Stripe from "stripe";
import { Svix } from "svix";
import { Agent, RetryAgent, request } from "undici";

/** One call. However it ends is not looked at here. */
export type Call = (server: string, timeoutMs: number) => Promise<unknown>;

export const BY_ITSELF: Readonly<Record<string, Call>> = {
  stripe: (server, timeout) => {
    const { hostname: host, port } = new URL(server);
    const stripe = new Stripe("sk_test", { protocol: "http", host, port, timeout });
    return stripe.paymentIntents.create({ amount: 1000, currency: "eur" });
  },
  square: (server, timeoutMs) => {
    const square = new SquareClient({ token: "token", baseUrl: server, timeoutInSeconds: timeoutMs / 1000 });
    return square.payments.create({ idempotencyKey: "given", sourceId: "cnon:card-nonce-ok" });
  },
  // It has no time-out.
  resend: (server) =>
    new Resend("re_test", { baseUrl: server }).emails.send({
      from: "a@example.com",
      to: "b@example.com",
      text: "c",
      subject: "d",
    }),
  openai: (server, timeout) => {
    // The option is there, and sends nothing.
    const openai = new OpenAI({ apiKey: "sk-test", baseURL: `${server}/v1`, timeout });
    return openai.responses.create({ model: "gpt-5", input: "?" }, { idempotencyKey: "given" });
  },
  svix: (server, requestTimeout) => {
    const svix = new Svix("token", { serverUrl: server, requestTimeout });
    return svix.message.create("app_1", { eventType: "invoice.paid", payload: {} });
  },
  got: (server, request) => got.post(server, { json: {}, timeout: { request } }),
  ky: (server, timeout) => ky.post(server, { json: {}, timeout }),
  "axios-retry": (server, timeout) => {
    const api = axios.create({ timeout });
    axiosRetry(api);
    return api.post(server, {});
  },
  undici: async (server, headersTimeout) => {
    const dispatcher = new RetryAgent(new Agent({ headersTimeout }));
    const { body } = await request(server, { dispatcher, method: "POST", body: "{}" });
    return body.dump();
  },
  ofetch: (server, timeout) => ofetch(server, { method: "POST", body: {}, timeout }),
};
