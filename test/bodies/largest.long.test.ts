import { expect, test } from "vitest";
import { noise } from "./contents.ts";
import { markOf, setUpRig } from "./rig.ts";
import { BINARY, start } from "./running.ts";
import { end, write } from "./stage.ts";

const LARGEST = 100_000_000;

const rig = setUpRig({
  "largest.test": { max_response_bytes: LARGEST },
  "largest-stream.test": { stream: true, max_response_bytes: LARGEST },
});

test.each(["largest.test", "largest-stream.test"])(
  "P2: the largest answer that can be kept, at %s, is replayed exactly",
  { timeout: 600_000 },
  async (host) => {
    const body = noise(LARGEST);
    const { operation, first, response } = await start(rig, host, BINARY);
    await write(response, body);
    await end(response);
    const answers = [await first.answer(), await operation.ask({ timeoutMs: 240_000 })];
    expect(answers.map(markOf)).toEqual(["executed", "replayed"]);
    for (const answer of answers) expect([answer.complete, answer.body.equals(body)]).toEqual([true, true]);
  },
);
