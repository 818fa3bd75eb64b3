import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI from "openai";
import { expect, test, type TestContext } from "vitest";
import { type LlmOrigin, startLlmOrigin, textOfRun } from "../../examples/llm-origin/server.ts";
import { type CuttingProxy, startCuttingProxy } from "../bodies/cutting-proxy.ts";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { complete } from "./openai-stream.ts";

interface Place {
  readonly origin: LlmOrigin;
  readonly gateway: Gateway;
  readonly network: CuttingProxy;
  readonly openai: OpenAI;
  /** Lets the model say its tokens from the 6th on; until then it has said "This is generation 1. It". */
  readonly goOn: () => void;
}

/** The network cuts the nth connection behind the nth text. */
async function setUp({ onTestFinished }: TestContext, ...cuts: readonly string[]): Promise<Place> {
  const held = Promise.withResolvers<void>();
  const origin = await startLlmOrigin({ port: 0, beforeToken: (nth) => (nth < 5 ? Promise.resolve() : held.promise) });
  const gateway = await startGateway({ "*": { origin: origin.url, caller: ["authorization"] } });
  const network = await startCuttingProxy(gateway.url, ...cuts);
  onTestFinished(async () => {
    held.resolve();
    await gateway.stop();
    await network.stop();
    await origin.close();
  });
  const openai = new OpenAI({ apiKey: "sk-test", baseURL: `${network.url}/v1` });
  return { origin, gateway, network, openai, goOn: held.resolve };
}

test("the openai SDK, cut in the middle of a stream, gets the whole text of one generation with the same key", async (context) => {
  const { origin, network, openai, goOn } = await setUp(context, "generation", '" It"');
  void network.connected(3).then(goOn);
  const shown: string[] = [];
  for await (const token of complete(openai, "Hi", randomUUID())) {
    shown.push(token);
  }
  expect(shown.join("")).toBe(textOfRun(1));
  expect(network.connections()).toBe(3);
  expect(origin.generations()).toBe(1);
});

test("the openai SDK, gone until the stream has ended, gets the whole text from the record", async (context) => {
  const { origin, openai, goOn } = await setUp(context, "generation");
  const key = randomUUID();
  const shown: string[] = [];
  for await (const token of complete(openai, "Hi", key)) {
    shown.push(token);
    goOn();
  }
  expect(shown.join("")).toBe(textOfRun(1));
  const again: string[] = [];
  for await (const token of complete(openai, "Hi", key)) again.push(token);
  expect(again).toEqual(shown);
  expect(origin.generations()).toBe(1);
});

test("the openai SDK, whose gateway dies in the middle of a stream, gets an error and generates nothing again", async (context) => {
  const { origin, gateway, openai } = await setUp(context);
  const shown: string[] = [];
  const outcome = (async () => {
    for await (const token of complete(openai, "Hi", randomUUID())) {
      shown.push(token);
      if (token.includes("generation")) await gateway.restart();
    }
  })();
  await expect(outcome).rejects.toMatchObject({ status: 409, code: "outcome_unknown" });
  expect(textOfRun(1).startsWith(shown.join(""))).toBe(true);
  expect(origin.generations()).toBe(1);
});

test("docs/streaming.md shows openai-stream.ts exactly", () => {
  const [snippet, page] = ["openai-stream.ts", "../../docs/streaming.md"].map((file) =>
    readFileSync(join(import.meta.dirname, file), "utf8"),
  );
  expect(page).toContain(`\`\`\`ts\n${snippet}\`\`\`\n`);
});
