import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readStream } from "../../examples/llm-origin/read-stream.ts";
import { type LlmOrigin, startLlmOrigin, textOfRun } from "../../examples/llm-origin/server.ts";
import { type Ask, header, open } from "../conformance/client.ts";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { startCuttingProxy } from "./cutting-proxy.ts";
import { readEvents } from "./events.ts";
import { Reader } from "./reader.ts";
import { markOf, nameOf } from "./rig.ts";

const TEXT = textOfRun(1);
const JSON_BODY = JSON.stringify({ model: "example", stream: true, messages: [{ role: "user", content: "Hi" }] });

let origin: LlmOrigin;
let gateway: Gateway;
let ask: Ask;
/** Lets the model say its tokens from the 6th on. */
let goOn: () => void;

beforeEach(async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  goOn = resolve;
  origin = await startLlmOrigin({ port: 0, beforeToken: (nth) => (nth < 5 ? Promise.resolve() : promise) });
  const tenant = { origin: origin.url, caller: ["authorization"] };
  gateway = await startGateway({ "127.0.0.1": tenant, localhost: { ...tenant, on_unknown: "retry" } });
  ask = { key: randomUUID(), json: JSON_BODY };
});

afterEach(async () => {
  goOn();
  await gateway.stop();
  await origin.close();
});

const PATH = "/v1/chat/completions";

async function readUntil(reader: Reader, text: string): Promise<void> {
  while (!readEvents(reader.taken).text.includes(text)) await reader.until(reader.taken.length + 1);
}

describe("a generation whose client loses the connection in the middle", () => {
  test("goes on, and the same key gets the whole text while it runs", async () => {
    const first = new Reader(gateway.url, PATH, ask);
    await readUntil(first, "generation 1");
    first.leave();
    const retry = new Reader(gateway.url, PATH, ask);
    await readUntil(retry, "generation 1");
    expect(markOf(await retry.head)).toBe("joined");
    goOn();
    const answer = await retry.answer();
    expect([answer.complete, readEvents(answer.body)]).toEqual([true, { text: TEXT, done: true }]);
    expect(origin.generations()).toBe(1);
  });

  test("is whole for the same key afterwards, and paid for once", async () => {
    const first = new Reader(gateway.url, PATH, ask);
    await readUntil(first, "generation 1");
    first.leave();
    goOn();
    const retry = await open(gateway.url, PATH, ask).answer;
    expect([retry.complete, readEvents(retry.body)]).toEqual([true, { text: TEXT, done: true }]);
    const again = await open(gateway.url, PATH, ask).answer;
    expect(markOf(again)).toBe("replayed");
    expect(header(again, "content-type")).toBe("text/event-stream");
    expect(again.body.equals(retry.body)).toBe(true);
    expect(origin.generations()).toBe(1);
  });

  test("with another prompt under the same key is refused", async () => {
    const first = new Reader(gateway.url, PATH, ask);
    await readUntil(first, "generation 1");
    const other = await open(gateway.url, PATH, { ...ask, json: JSON_BODY.replace("Hi", "Hello") }).answer;
    expect(nameOf(other)).toBe("422 key_reused");
    goOn();
    expect(readEvents((await first.answer()).body)).toEqual({ text: TEXT, done: true });
    expect(origin.generations()).toBe(1);
  });

  test("and whose gateway dies with it is unknown: no text that looks whole, and no second generation", async () => {
    const first = new Reader(gateway.url, PATH, ask);
    await readUntil(first, "generation 1");
    await gateway.restart();
    const answer = await first.answer();
    expect([answer.complete, readEvents(answer.body).done]).toEqual([false, false]);
    expect(nameOf(await open(gateway.url, PATH, ask).answer)).toBe("409 outcome_unknown");
    expect(origin.generations()).toBe(1);
  });
});

describe("docs/streaming.md", () => {
  test("shows examples/llm-origin/read-stream.ts exactly", () => {
    const read = (file: string): string => readFileSync(join(import.meta.dirname, "..", "..", file), "utf8");
    expect(read("docs/streaming.md")).toContain(`\`\`\`ts\n${read("examples/llm-origin/read-stream.ts")}\`\`\`\n`);
  });

  test("has a reader that shows each piece once, through three connections of which two break", async () => {
    const network = await startCuttingProxy(gateway.url, "generation", '" It"');
    void network.connected(3).then(goOn);
    const events: string[] = [];
    for await (const piece of readStream(`${network.url}${PATH}`, "token", randomUUID(), JSON_BODY)) {
      events.push(piece);
    }
    await network.stop();
    expect(network.connections()).toBe(3);
    expect(readEvents(Buffer.from(events.join("")))).toEqual({ text: TEXT, done: true });
    expect(origin.generations()).toBe(1);
  });

  test("has a reader that never mixes two answers", async () => {
    const { port } = gateway.url;
    const shown: string[] = [];
    const reading = (async () => {
      for await (const piece of readStream(`http://localhost:${port}${PATH}`, "token", randomUUID(), JSON_BODY)) {
        if (shown.length === 0) await gateway.restart();
        shown.push(piece);
        goOn();
      }
    })();
    await expect(reading).rejects.toThrow("this is another answer");
    expect(shown.join("")).not.toContain("generation 2");
    expect(origin.generations()).toBe(2);
  });
});

describe("a generation that is not streamed", () => {
  test("is made once as well", async () => {
    goOn();
    const json = JSON_BODY.replace("true", "false");
    const answers = [];
    for (let nth = 0; nth < 2; nth++) answers.push(await open(gateway.url, PATH, { ...ask, json }).answer);
    expect(answers.map(markOf)).toEqual(["executed", "replayed"]);
    for (const { body } of answers) {
      expect(JSON.parse(body.toString())).toMatchObject({ choices: [{ message: { content: TEXT } }] });
    }
    expect(origin.generations()).toBe(1);
  });
});
