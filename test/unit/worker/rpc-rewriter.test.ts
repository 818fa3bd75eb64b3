import { describe, expect, test } from "vitest";
import { RpcRewriter } from "../../../src/worker/rpc-rewriter.ts";

const CHANGE = {
  ids: new Map([
    ["5e0", "77"],
    ['"a"', '"b"'],
    ["null", "8"],
  ]),
  tokens: new Map([["5e0", '"t"']]),
};

/** `text` in pieces of `bytes` each. */
function rewritten(text: string, bytes: number, isEvents = false): string {
  const rewriter = new RpcRewriter(CHANGE, isEvents);
  const all = new TextEncoder().encode(text);
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let out = "";
  for (let at = 0; at < all.byteLength; at += bytes) {
    out += decoder.decode(rewriter.push(all.subarray(at, at + bytes)), { stream: true });
  }
  return out + decoder.decode(rewriter.end());
}

const SIZES = [1, 2, 3, 7, 1000] as const;

describe("the id of a response", () => {
  test.each([
    ['{"jsonrpc":"2.0","id":5,"result":{"id":5}}', '{"jsonrpc":"2.0","id":77,"result":{"id":5}}'],
    ['{"result":{"x":[{"id":5}]},"id":5}', '{"result":{"x":[{"id":5}]},"id":77}'],
    ['{"id":5,"error":{"code":1}}', '{"id":77,"error":{"code":1}}'],
    [' {\n "id" : 5 ,\t"result": 1 }\r\n', ' {\n "id" : 77 ,\t"result": 1 }\r\n'],
    ['{"id":5.0,"result":1}', '{"id":77,"result":1}'],
    ['{"id":50e-1,"result":1}', '{"id":77,"result":1}'],
    ['{"id":"a","result":1}', '{"id":"b","result":1}'],
    ['{"id":"\\u0061","result":1}', '{"id":"b","result":1}'],
    ['{"\\u0069d":5,"result":1}', '{"\\u0069d":77,"result":1}'],
    ['{"id":5,"result":1,"id":5}', '{"id":77,"result":1,"id":77}'],
    ['{"id":5,"id":5,"result":1}', '{"id":77,"id":77,"result":1}'],
    ['{"id":null,"result":1}', '{"id":8,"result":1}'],
    ['[{"id":5,"result":1},{"id":"a","error":{}}]', '[{"id":77,"result":1},{"id":"b","error":{}}]'],
    ['{"id":5,"result":1}\n{"id":5,"result":2}\n', '{"id":77,"result":1}\n{"id":77,"result":2}\n'],
    ['\uFEFF{"id":5,"result":1}', '\uFEFF{"id":77,"result":1}'],
    ['{"id":5,"extra":"x"}', '{"id":77,"extra":"x"}'],
    ['{"id":5}', '{"id":77}'],
    ['{"id":5,"method":null,"result":1}', '{"id":77,"method":null,"result":1}'],
    ['{"a":"}{\\"id\\":5,","result":"\\\\","id":5}', '{"a":"}{\\"id\\":5,","result":"\\\\","id":77}'],
  ])("of %j is that of the request at hand", (text, expected) => {
    for (const size of SIZES) expect(rewritten(text, size)).toBe(expected);
  });

  test.each([
    '{"id":"5","result":1}',
    '{"id":6,"result":1}',
    '{"id":[5],"result":1}',
    '{"id":{"id":5},"result":1}',
    '{"ID":5,"result":1}',
    '{"id ":5,"result":1}',
    '{"id":true,"result":1}',
    '{"result":"\\"id\\":5"}',
    '{"result":{"params":{"progressToken":5}}}',
    '[[{"id":5}]]',
    '"{\\"id\\":5}"',
    '<script>{"id":5,"result":1}</script>',
    "5",
    "",
  ])("stays where it is another one, or none: %j", (text) => {
    for (const size of SIZES) expect(rewritten(text, size)).toBe(text);
  });

  test("of up to 256 characters is found however it is escaped", () => {
    const name = "x".repeat(254);
    const ids = new Map([[JSON.stringify(name), "1"]]);
    const escaped = "\\u0078".repeat(254);
    const text = new TextEncoder().encode(`{"id":"${escaped}","result":2}`);
    const rewriter = new RpcRewriter({ ids, tokens: new Map() }, false);
    expect(new TextDecoder().decode(rewriter.push(text))).toBe('{"id":1,"result":2}');
  });

  test("stays where it is longer than any id that is stored", () => {
    const text = `{"id":"${"x".repeat(5000)}","result":2}`;
    for (const size of SIZES) expect(rewritten(text, size)).toBe(text);
  });

  test("breaks the answer where a number may be the id in thousands of digits", () => {
    for (const size of SIZES)
      expect(() => rewritten(`{"id":5.${"0".repeat(5000)},"result":2}`, size)).toThrow("too long");
  });
});

describe("the id of a request from the server", () => {
  test.each([
    '{"jsonrpc":"2.0","method":"sampling/createMessage","id":5,"params":{}}',
    '{"jsonrpc":"2.0","id":5,"method":"elicitation/create","params":{}}',
    '{"id":5,"params":{"a":[1,{"result":1}]},"method":"ping"}',
    '[{"id":5,"method":"ping"},{"method":"ping","id":"a"}]',
  ])("stays: %j", (text) => {
    for (const size of SIZES) expect(rewritten(text, size)).toBe(text);
  });

  test("stays behind 60 kB of other members", () => {
    const text = `{"id":5,"params":{"x":"${"y".repeat(60_000)}"},"method":"ping"}`;
    for (const size of [977, 100_000]) expect(rewritten(text, size)).toBe(text);
  });

  test("is changed behind more than 64 KiB, because it may be that of a response", () => {
    const rest = `"x":"${"y".repeat(70_000)}","method":"ping"}`;
    for (const size of [977, 100_000]) expect(rewritten(`{"id":5,${rest}`, size)).toBe(`{"id":77,${rest}`);
  });
});

describe("a progress token", () => {
  const progress = (token: string): string =>
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":1}}`;

  test("is that of the request at hand", () => {
    for (const size of SIZES) expect(rewritten(progress("5"), size)).toBe(progress('"t"'));
  });

  test.each([progress('"5"'), '{"params":{"x":{"progressToken":5}}}', '{"params":[{"progressToken":5}]}'])(
    "stays where it is another one: %j",
    (text) => {
      for (const size of SIZES) expect(rewritten(text, size)).toBe(text);
    },
  );
});

describe("an event stream", () => {
  test.each([
    ['data: {"id":5,"result":1}\n\n', 'data: {"id":77,"result":1}\n\n'],
    ['data:{"id":5,"result":1}\r\n\r\n', 'data:{"id":77,"result":1}\r\n\r\n'],
    [
      'data: {"id":5,"result":1}\r\rdata: {"id":5,"result":2}\r\r',
      'data: {"id":77,"result":1}\r\rdata: {"id":77,"result":2}\r\r',
    ],
    ['\uFEFFdata: {"id":5,"result":1}\n\n', '\uFEFFdata: {"id":77,"result":1}\n\n'],
    [
      'id: 5\nretry: 5\nevent: message\ndata: {"id":5,\ndata: "result":1}\n\n',
      'id: 5\nretry: 5\nevent: message\ndata: {"id":77,\ndata: "result":1}\n\n',
    ],
    ['data: {"id":5\ndata: ,"result":1}\n\n', 'data: {"id":77\ndata: ,"result":1}\n\n'],
    ['data: {"id":\ndata\ndata: 5}\n\n', 'data: {"id":\ndata\ndata: 77}\n\n'],
    [': {"id":5}\ndata: {"result":1,"id":5}\n\n', ': {"id":5}\ndata: {"result":1,"id":77}\n\n'],
    ['data: {"broken":"\n\ndata: {"id":5,"result":1}\n\n', 'data: {"broken":"\n\ndata: {"id":77,"result":1}\n\n'],
    ['data: [DONE]\n\ndata: {"id":5,"result":1}\n\n', 'data: [DONE]\n\ndata: {"id":77,"result":1}\n\n'],
    ['data: hello\n\ndata: {"id":5,"result":1}\n\n', 'data: hello\n\ndata: {"id":77,"result":1}\n\n'],
    [
      'data: {"id":5,"method":"ping"}\n\ndata: {"id":5,"result":1}\n\n',
      'data: {"id":5,"method":"ping"}\n\ndata: {"id":77,"result":1}\n\n',
    ],
  ])("%j has the id in the data of each event", (text, expected) => {
    for (const size of SIZES) expect(rewritten(text, size, true)).toBe(expected);
  });

  test.each([
    'datax: {"id":5,"result":1}\n\n',
    'dat: {"id":5,"result":1}\n\n',
    ' data: {"id":5,"result":1}\n\n',
    'event: {"id":5,"result":1}\n\n',
    '{"id":5,"result":1}\n\n',
    'data: {"id":"a\ndata: ","result":1}\n\n',
  ])("%j has none", (text) => {
    for (const size of SIZES) expect(rewritten(text, size, true)).toBe(text);
  });
});
