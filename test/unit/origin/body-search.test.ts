import { describe, expect, test } from "vitest";
import { type BodyPart, type BodySource } from "../../../src/origin/answer-body.ts";
import { BodySearch, searched } from "../../../src/origin/body-search.ts";
import { type BodyNeeds } from "../../../src/record/outcome-rule.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What a body shows that comes in pieces of `pieceBytes`. */
function found(body: string | Uint8Array, needs: Partial<BodyNeeds>, pieceBytes = Infinity) {
  const mediaType = needs.events === undefined ? "application/json" : "text/event-stream";
  const search = new BodySearch({ json: false, events: [], trailers: null, ...needs }, mediaType);
  const bytes = typeof body === "string" ? bytesOf(body) : body;
  const step = Math.min(pieceBytes, Math.max(1, bytes.byteLength));
  for (let at = 0; at < bytes.byteLength; at += step) search.add(bytes.subarray(at, at + step));
  return search.facts(true);
}

const jsonOf = (body: string | Uint8Array, pieceBytes?: number) => found(body, { json: true }, pieceBytes).json;
const eventsOf = (body: string | Uint8Array, pieceBytes?: number) => {
  const { events } = found(body, { events: ["error"] }, pieceBytes);
  return events && [...events];
};

describe("5.2 JSON in a body", () => {
  const DOCUMENT = '{"a":{"b/c":[1.50e1,"\u00e9",true,null,{}]},"n":null}';

  test.each([1, 2, 3, 1000])("is read whatever its pieces are: %i bytes", (pieceBytes) => {
    const at = jsonOf(DOCUMENT, pieceBytes);
    expect(at?.(["a", "b/c", "0"])).toBe("15e0");
    expect(at?.(["a", "b/c", "1"])).toBe('"\u00e9"');
    expect(at?.(["a", "b/c", "2"])).toBe("true");
  });

  test("has no value where there is none, and none where it is null", () => {
    const at = jsonOf(DOCUMENT);
    for (const pointer of [["x"], ["n"], ["a", "b/c", "3"], ["a", "b/c", "9"], ["n", "x"]]) {
      expect(at?.(pointer)).toBeNull();
    }
  });

  test("has a value that equals no scalar where it is an object or a list", () => {
    const at = jsonOf(DOCUMENT);
    expect([at?.(["a"]), at?.(["a", "b/c"]), at?.(["a", "b/c", "4"])]).toEqual(["[", "[", "["]);
  });

  test("may begin with a byte order mark", () => {
    expect(jsonOf('\ufeff{"a":1}')?.(["a"])).toBe("1e0");
  });

  test.each<[string, string | Uint8Array]>([
    ["is no JSON", "<p>Maintenance</p>"],
    ["is only white space", " "],
    ["ends too early", '{"a":1'],
    ["has something after its end", '{"a":1}{"a":2}'],
    ["has a member twice", '{"a":1,"a":2}'],
    ["is not UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["ends inside a character", new Uint8Array([0x22, 0xc3])],
    ["has more than 1 MB", `"${"x".repeat(999_999)}"`],
  ])("is not read where it %s", (_, body) => {
    expect(jsonOf(body)).toBeNull();
  });

  test("is read up to 1 MB", () => {
    expect(jsonOf(`{"a":"${"x".repeat(999_992)}"}`, 65_536)?.(["a"])).toHaveLength(999_994);
  });

  test("has no member in a body of no bytes", () => {
    expect(jsonOf("")?.(["a"])).toBeNull();
  });

  test("is not read where it was not asked for, or the body is not whole", () => {
    expect(found("{}", {}).json).toBeNull();
    const search = new BodySearch({ json: true, events: ["error"], trailers: "binary" }, "application/json");
    search.add(bytesOf('{"a":1}'));
    expect(search.facts(false)).toEqual({ json: null, events: null, trailer: null });
  });
});

describe("5.2 events in a body", () => {
  test.each([1, 2, 7, 1000])("are found whatever its pieces are: %i bytes", (pieceBytes) => {
    const body = 'event: delta\r\ndata: {"a":1}\r\n\r\nevent: error\rdata: \u00e9\r\rdata: 2\n\n';
    const { events } = found(body, { events: ["message", "error", "delta", "other"] }, pieceBytes);
    expect([...(events ?? [])]).toEqual(["delta", "error", "message"]);
  });

  test("are remembered only where a rule names them, however many the stream has", () => {
    const names = Array.from({ length: 10_000 }, (_, n) => `event: e${n}\ndata: 1\n\n`);
    expect(eventsOf(`${names.join("")}event: error\ndata: 1\n\n`)).toEqual(["error"]);
  });

  test.each([
    ["in data", "data: event: error\n\n"],
    ["in a comment", ": event: error\n\ndata: 1\n\n"],
    ["in the data of several lines", "data: a\ndata: event: error\n\n"],
    ["without data, which is no event", "event: error\n\n"],
    ["without its end", "event: error\ndata: 1\n"],
    ["in another letter case", "event: Error\ndata: 1\n\n"],
  ])("are not found %s", (_, body) => {
    expect(eventsOf(body)).not.toContain("error");
  });

  test("can't be read where one has more than 1 MB, and what follows is not read either", () => {
    expect(eventsOf(`data: ${"x".repeat(1_100_000)}\n\nevent: error\ndata: 1\n\n`, 65_536)).toBeNull();
    expect(eventsOf(`data: ${"x".repeat(900_000)}\n\nevent: error\ndata: 1\n\n`, 65_536)).toContain("error");
  });
});

describe("5.2.10 JSON in an event stream", () => {
  const at = (body: string, pieceBytes?: number) => found(body, { json: true, events: ["error"] }, pieceBytes).json;
  const RESPONSE = 'event: message\ndata: {"jsonrpc":"2.0","id":1,\ndata: "result":{"a":1}}\n\n';
  const NOTIFICATION = 'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"result":1}}\n\n';

  test.each([1, 3, 1000])("is the data of the last event, whatever its pieces are: %i bytes", (pieceBytes) => {
    const json = at(`id: 0\ndata: \n\nevent: error\ndata: {"result":{"a":2}}\n\n${RESPONSE}`, pieceBytes);
    expect([json?.(["result", "a"]), json?.(["result"]), json?.(["error"])]).toEqual(["1e0", "[", null]);
  });

  test("is not a request or notification of JSON-RPC, which may come after the response too", () => {
    const json = at(`${NOTIFICATION}${RESPONSE}${NOTIFICATION}`);
    expect(json?.(["result", "a"])).toBe("1e0");
    expect(at(NOTIFICATION)?.(["params", "result"])).toBeNull();
  });

  test("may have a method of null", () => {
    expect(at('data: {"method":null,"result":1}\n\n')?.(["result"])).toBe("1e0");
  });

  test('may have "method" anywhere but at its top', () => {
    expect(at('data: {"result":{"method":"GET"}}\n\n')?.(["result", "method"])).toBe('"GET"');
  });

  test("has no member where no event has data", () => {
    for (const body of ["", ": keep-alive\n\n", "id: 1\ndata: \n\n", 'data: {"result":1}']) {
      expect(at(body)?.(["result"])).toBeNull();
    }
  });

  test("is not read where the last event is no JSON, or an event has more than 1 MB", () => {
    expect(at(`${RESPONSE}data: [DONE]\n\n`)).toBeNull();
    expect(at(`data: ${"x".repeat(1_100_000)}\n\n${RESPONSE}`, 65_536)).toBeNull();
    expect(at(`data: {"a":"${"x".repeat(999_992)}"}\n\n`)?.(["a"])).toHaveLength(999_994);
    expect(at(`data: {"a":"${"x".repeat(999_993)}"}\n\n`)).toBeNull();
  });

  test("is there without a rule about events", () => {
    const search = new BodySearch({ json: true, events: [], trailers: null }, "text/event-stream");
    search.add(bytesOf(RESPONSE));
    expect(search.facts(true).json?.(["id"])).toBe("1e0");
  });
});

describe("5.2.9 trailers of gRPC-Web", () => {
  const statusOf = (body: string | Uint8Array, form: "binary" | "base64" = "binary", pieceBytes?: number) => {
    const { trailer } = found(body, { trailers: form }, pieceBytes);
    return trailer === null ? "unread" : trailer("grpc-status");
  };
  const frame = (flags: number, content: string): Uint8Array => {
    const bytes = bytesOf(content);
    const head = [flags, 0, 0, bytes.byteLength >> 8, bytes.byteLength & 0xff];
    return new Uint8Array([...head, ...bytes]);
  };
  const message = frame(0, "grpc-status: 0 \r\n");
  const trailers = frame(0x80, "grpc-status: 14\r\ngrpc-message: come again\r\n");
  const whole = new Uint8Array([...message, ...trailers]);
  const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));

  test.each([1, 2, 7, 1000])("are found whatever the pieces of the body are: %i bytes", (pieceBytes) => {
    expect(statusOf(whole, "binary", pieceBytes)).toBe("14");
    expect(statusOf(base64(whole), "base64", pieceBytes)).toBe("14");
  });

  test.each<[string, string | Uint8Array, string | null]>([
    ["without a message before them", trailers, "14"],
    ["without a space, in other letter cases", frame(0x80, "Grpc-Status:16\r\n"), "16"],
    ["and no status among them", frame(0x80, "grpc-message: x\r\n"), null],
    ["not at all in a body of no bytes", "", null],
  ])("may be %s", (_, body, status) => {
    expect(statusOf(body)).toBe(status);
  });

  test("may be padded frame by frame in base64", () => {
    const text = `${base64(message)}${base64(trailers)}`;
    expect(text).toMatch(/=[^=]/);
    expect(statusOf(text, "base64")).toBe("14");
  });

  test.each<[string, Uint8Array]>([
    ["there are none", message],
    ["they are compressed", frame(0x81, "grpc-status: 14\r\n")],
    ["the body ends inside them", whole.subarray(0, -1)],
    ["the body ends inside the length of a frame", whole.subarray(0, message.byteLength + 3)],
    ["something follows them", new Uint8Array([...whole, ...message])],
    ["a line of them is no field", frame(0x80, "grpc-status\r\n")],
    ["the body is another one", bytesOf("<p>Maintenance</p>")],
    ["the body has more than 1 MB", new Uint8Array([...frame(0, ""), ...new Uint8Array(1_000_000), ...trailers])],
  ])("can't be read where %s", (_, body) => {
    expect(statusOf(body)).toBe("unread");
    expect(statusOf(body, "binary", 65_536)).toBe("unread");
  });

  test("can't be read where the text is no base64", () => {
    expect(statusOf("grpc-status: 14", "base64")).toBe("unread");
  });
});

describe("a source that is searched", () => {
  test("passes every part on, and lets the search see each piece first", async () => {
    const parts: BodyPart[] = [
      { kind: "piece", bytes: bytesOf('{"a"') },
      { kind: "piece", bytes: bytesOf(":1}") },
      { kind: "end" },
    ];
    let drained = 0;
    const source: BodySource = {
      next: () => Promise.resolve(parts[passed.length] ?? { kind: "end" }),
      drain: async () => void drained++,
    };
    const passed: BodyPart[] = [];
    const search = new BodySearch({ json: true, events: [], trailers: null }, "application/json");
    const through = searched(source, search);
    for (const _ of parts) passed.push(await through.next());
    await through.drain();
    expect([passed, drained]).toEqual([parts, 1]);
    expect(search.facts(true).json?.(["a"])).toBe("1e0");
    expect(searched(source, null)).toBe(source);
  });
});
