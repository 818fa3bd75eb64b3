import { describe, expect, test, vi } from "vitest";
import { type AnswerReply } from "../../../src/call/call.ts";
import { type RpcCall } from "../../../src/record/record.ts";
import { replyToCalls } from "../../../src/worker/rpc-reply.ts";

const FIVE: readonly RpcCall[] = [{ id: "5e0", token: null }];
const SIX: readonly RpcCall[] = [{ id: "6e0", token: null }];

function answer(body: string, change: Partial<AnswerReply> = {}): AnswerReply {
  const bytes = new TextEncoder().encode(body);
  const mark = { status: "replayed", recordedAtMs: 1, expiresAtMs: 2 } as const;
  const facts = { kind: "answer", mark, speaker: "gateway", waited: true, status: 200, headers: [] } as const;
  return { ...facts, body: bytes, bodyBytes: bytes.byteLength, calls: FIVE, ...change };
}

function streamOf(text: string): ReadableStream<Uint8Array> {
  return new Blob([text]).stream();
}

describe("an answer to JSON-RPC calls", () => {
  test("is the very same value where the calls have the same names, or are none", () => {
    const one = answer('{"id":5,"result":1}');
    const { calls: _, ...without } = one;
    expect(replyToCalls(one, FIVE)).toBe(one);
    expect(replyToCalls(one, undefined)).toBe(one);
    expect(replyToCalls(without, SIX)).toBe(without);
  });

  test("has its own length, and no field about the former bytes in any spelling", () => {
    const headers = [
      ["ETag", '"1"'],
      ["Content-MD5", "a"],
      ["digest", "a"],
      ["content-length", "9"],
      ["x-app", "1"],
    ];
    const reply = replyToCalls(answer('{"id":5,"result":1}', { headers }), [{ id: "123e0", token: null }]);
    const body = new TextEncoder().encode('{"id":123,"result":1}');
    expect(reply).toMatchObject({ headers: [["x-app", "1"]], body, bodyBytes: body.byteLength });
  });

  test("is changed as it streams, with its seat and without a length", async () => {
    const seat = { [Symbol.dispose]: vi.fn<() => void>() };
    const reply = replyToCalls(answer("", { body: streamOf('{"id":5,"result":1}'), bodyBytes: 19, seat }), SIX);
    expect(reply).toMatchObject({ seat, bodyBytes: null });
    expect(await new Response((reply as AnswerReply).body as ReadableStream).text()).toBe('{"id":6,"result":1}');
    expect(seat[Symbol.dispose]).not.toHaveBeenCalled();
  });

  test("is refused where it can't be changed, and its seat is given up", () => {
    const seat = { [Symbol.dispose]: vi.fn<() => void>() };
    const coded = answer("", { body: streamOf("?"), headers: [["content-encoding", "zstd, br"]], seat });
    expect(replyToCalls(coded, SIX)).toMatchObject({ kind: "refusal", code: "replay_unavailable", waited: true });
    expect(seat[Symbol.dispose]).toHaveBeenCalledOnce();
    expect(replyToCalls(coded, FIVE)).toBe(coded);
    const long = answer(`{"id":5.${"0".repeat(2000)},"result":1}`);
    expect(replyToCalls(long, SIX)).toMatchObject({ kind: "refusal", code: "replay_unavailable" });
  });

  test.each(["identity", "Identity ", ""])("is changed where its coding is none: %j", (coding) => {
    const uncoded = answer('{"id":5,"result":1}', { headers: [["Content-Encoding", coding]] });
    expect(replyToCalls(uncoded, SIX)).toMatchObject({ body: new TextEncoder().encode('{"id":6,"result":1}') });
  });

  test.each([
    ["5e0", '{"id":"5","result":1}', '{"id":6,"result":1}'],
    ['"5"', '{"id":5,"result":1}', '{"id":6,"result":1}'],
    ['"-15"', '{"id":-15.0,"result":1}', '{"id":6,"result":1}'],
    ['"05"', '{"id":5,"result":1}', '{"id":5,"result":1}'],
    ['"x"', '{"id":5,"result":1}', '{"id":5,"result":1}'],
    ["null", '{"id":"null","result":1}', '{"id":"null","result":1}'],
  ])("of the id %s has the new one where the server writes %s", (id, body, expected) => {
    const reply = replyToCalls(answer(body, { calls: [{ id, token: null }] }), SIX);
    expect(reply).toMatchObject({ body: new TextEncoder().encode(expected) });
  });

  test("has each name of its own where a number and the string of its digits are two calls", () => {
    const made = ["5e0", '"5"'].map((id) => ({ id, token: id }));
    const own = ["5e0", '"7"'].map((id) => ({ id, token: id }));
    const reply = replyToCalls(answer('[{"id":5,"result":1},{"id":"5","result":2}]', { calls: made }), own);
    expect(reply).toMatchObject({ body: new TextEncoder().encode('[{"id":5,"result":1},{"id":"7","result":2}]') });
  });

  test("has the new progress token where the server writes another type", () => {
    const made = [{ id: "1e0", token: "5e0" }];
    const own = [{ id: "1e0", token: "8e0" }];
    const reply = replyToCalls(answer('{"method":"m","params":{"progressToken":"5"}}', { calls: made }), own);
    expect(reply).toMatchObject({ body: new TextEncoder().encode('{"method":"m","params":{"progressToken":8}}') });
  });

  test("breaks off where it can't be changed as it streams", async () => {
    const body = streamOf(`{"id":5.${"0".repeat(2000)},"result":1}`);
    const reply = replyToCalls(answer("", { body, bodyBytes: null }), SIX);
    await expect(new Response((reply as AnswerReply).body as ReadableStream).text()).rejects.toThrow("too long");
  });

  test("has the names of calls that are exchanged", () => {
    const made = [
      { id: "1e0", token: "1e0" },
      { id: "2e0", token: "2e0" },
    ];
    const own = [
      { id: "2e0", token: "2e0" },
      { id: "1e0", token: null },
    ];
    const one = answer('[{"id":1,"result":1},{"id":2,"result":2},{"params":{"progressToken":2}}]', { calls: made });
    const body = '[{"id":2,"result":1},{"id":1,"result":2},{"params":{"progressToken":"oncegate:no-progress"}}]';
    expect(replyToCalls(one, own)).toMatchObject({ body: new TextEncoder().encode(body) });
  });
});
