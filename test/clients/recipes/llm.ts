/** A language model: a generation costs money, and may fail before it begins, after it has begun, or in the middle of a stream. */

import { randomUUID } from "node:crypto";
import { type RequestListener, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { type Account, type Recipe, accounts, answersOf, holdNext, joined, sendJson, untilReleased } from "./recipe.ts";
import { connectAnthropic } from "./snippets/llm-anthropic.ts";
import { connectOpenAI } from "./snippets/llm-openai.ts";

/** A status instead of a generation, or what becomes of one. A 500 comes after one that is billed. */
type Step = 429 | 500 | 529 | "reports an error" | "breaks off";

const accountOf = accounts<Step>();

const TOKENS = ["This ", "is ", "generation "];

const origin: RequestListener = async (request, response) => {
  await text(request);
  const { authorization, "x-api-key": apiKey } = request.headers;
  const account = accountOf(authorization?.replace("Bearer ", "") ?? String(apiKey));
  const step = account.script.shift();
  if (step === 429 || step === 529) {
    sendJson(response, { type: "error", error: { type: "overloaded_error", message: "Come again." } }, step);
    return;
  }
  account.effects += 1;
  await untilReleased(account);
  if (step === 500) {
    sendJson(response, { type: "error", error: { type: "api_error", message: "Internal." } }, 500);
    return;
  }
  const api = APIS[request.url ?? ""] ?? COMPLETIONS;
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const token of TOKENS) await write(response, api.token(token));
  if (step === "breaks off") {
    request.socket.resetAndDestroy();
    return;
  }
  response.end(step === "reports an error" ? api.error : `${api.token(`${account.effects}.`)}${api.end}`);
};

function write(response: ServerResponse, event: string): Promise<void> {
  return new Promise((resolve) => void response.write(event, () => resolve()));
}

const ERROR = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };

/** The events of each API. */
const MESSAGES = {
  token: (value: string) =>
    eventOf("content_block_delta", {
      type: "content_block_delta",
      index: 0,
      delta: { type: "text_delta", text: value },
    }),
  error: eventOf("error", ERROR),
  end: eventOf("message_stop", { type: "message_stop" }),
};

const COMPLETIONS = {
  token: (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`,
  error: eventOf("error", ERROR),
  end: "data: [DONE]\n\n",
};

const RESPONSES = {
  token: (delta: string) =>
    eventOf("response.output_text.delta", { type: "response.output_text.delta", output_index: 0, delta }),
  error: eventOf("response.failed", { type: "response.failed", response: { id: "resp_1", status: "failed" } }),
  end: eventOf("response.completed", { type: "response.completed", response: { id: "resp_1", status: "completed" } }),
};

const APIS: Readonly<Record<string, typeof MESSAGES>> = { "/v1/messages": MESSAGES, "/v1/responses": RESPONSES };

function eventOf(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

interface Customer {
  readonly account: Account<Step>;
  readonly apiKey: string;
  readonly key: string;
}

function newCustomer(...script: Step[]): Customer {
  const apiKey = randomUUID();
  const account = accountOf(apiKey);
  account.script.push(...script);
  return { account, apiKey, key: randomUUID() };
}

/** The last event of a stream of OpenAI's newer API. */
async function lastEvent(gateway: string, apiKey: string, key: string): Promise<string | undefined> {
  const openai = new OpenAI({ apiKey, baseURL: `${gateway}/v1` });
  const stream = await openai.responses.create(
    { model: "gpt-5", input: "Hi", stream: true },
    { headers: { "Idempotency-Key": key } },
  );
  const types: string[] = [];
  for await (const { type } of stream) types.push(type);
  return types.at(-1);
}

const ONE_GENERATION = "This is generation 1.";

export const LLM: Recipe = {
  title: "An LLM API",
  snippets: ["llm-openai.ts", "llm-anthropic.ts"],
  origin,
  tests: (connect) => {
    describe.each([
      { sdk: "openai", connectSdk: connectOpenAI },
      { sdk: "@anthropic-ai/sdk", connectSdk: connectAnthropic },
    ])("$sdk:", ({ connectSdk }) => {
      test("a stream that is cut is one generation, and its client gets all of it", async () => {
        const { account, apiKey, key } = newCustomer();
        const network = await connect([{ what: "cuts the answer" }]);
        expect(await connectSdk(network.url, apiKey)("Hi", key)).toBe(ONE_GENERATION);
        expect(answersOf(network)).toEqual(["executed", "replayed"]);
        expect(account.effects).toBe(1);
      });

      test("a response that is lost is one generation, by the SDK's own retry", async () => {
        const { account, apiKey, key } = newCustomer();
        const network = await connect([{ what: "loses the answer" }]);
        expect(await connectSdk(network.url, apiKey)("Hi", key)).toBe(ONE_GENERATION);
        expect(answersOf(network)).toEqual(["executed", "replayed"]);
        expect(account.effects).toBe(1);
      });

      test("a generation whose connection is reset before it streams is joined by the SDK's own retry", async () => {
        const { account, apiKey, key } = newCustomer();
        const { begun, release } = holdNext(account);
        const network = await connect([{ what: "resets", when: begun }]);
        const generation = connectSdk(network.url, apiKey)("Hi", key);
        await joined(network, 2);
        release();
        expect(await generation).toBe(ONE_GENERATION);
        expect(answersOf(network)).toEqual(["none", "joined"]);
        expect(account.effects).toBe(1);
      });

      test("429 and 529 are retried by the SDK, and the generation runs under the same key", async () => {
        const { account, apiKey, key } = newCustomer(429, 529);
        const network = await connect([]);
        expect(await connectSdk(network.url, apiKey)("Hi", key)).toBe(ONE_GENERATION);
        expect(answersOf(network)).toEqual(["429 released", "529 released", "executed"]);
        expect(account.effects).toBe(1);
      });

      test("500 is the answer: the SDK ends with it, and nothing is generated again", async () => {
        const { account, apiKey, key } = newCustomer(500);
        const network = await connect([]);
        const complete = connectSdk(network.url, apiKey);
        await expect(complete("Hi", key)).rejects.toMatchObject({ status: 500 });
        await expect(complete("Hi", key)).rejects.toMatchObject({ status: 500 });
        expect(answersOf(network)).toEqual(["500 executed", "500 replayed"]);
        expect(account.effects).toBe(1);
      });

      test("a stream that reports an error is not kept as the answer, and nothing is generated again", async () => {
        const { account, apiKey, key } = newCustomer("reports an error");
        const network = await connect([]);
        const complete = connectSdk(network.url, apiKey);
        await expect(complete("Hi", key)).rejects.toThrow(/verloaded/);
        await expect(complete("Hi", key)).rejects.toMatchObject({ status: 409 });
        expect(answersOf(network)).toEqual(["executed", "409 outcome_unknown"]);
        expect(account.effects).toBe(1);
      });

      test("a model that breaks off in the middle generates nothing again", async () => {
        const { account, apiKey, key } = newCustomer("breaks off");
        const network = await connect([]);
        await expect(connectSdk(network.url, apiKey)("Hi", key)).rejects.toMatchObject({ status: 409 });
        expect(account.effects).toBe(1);
      });

      test("the same prompt under another key is another generation", async () => {
        const { account, apiKey, key } = newCustomer();
        const complete = connectSdk((await connect([])).url, apiKey);
        expect(await complete("Hi", key)).toBe(ONE_GENERATION);
        expect(await complete("Hi", randomUUID())).toBe("This is generation 2.");
        expect(account.effects).toBe(2);
      });
    });

    test("a stream of OpenAI's responses that fails is not kept as the answer, and one that completes is", async () => {
      const { account, apiKey, key } = newCustomer("reports an error");
      const network = await connect([]);
      expect(await lastEvent(network.url, apiKey, key)).toBe("response.failed");
      await expect(lastEvent(network.url, apiKey, key)).rejects.toMatchObject({ status: 409, code: "outcome_unknown" });
      const other = randomUUID();
      expect(await lastEvent(network.url, apiKey, other)).toBe("response.completed");
      expect(await lastEvent(network.url, apiKey, other)).toBe("response.completed");
      expect(answersOf(network)).toEqual(["executed", "409 outcome_unknown", "executed", "replayed"]);
      expect(account.effects).toBe(2);
    });
  },
};
