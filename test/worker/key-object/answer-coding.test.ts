import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { clientOf, problemOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { liveBody, scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const TEXT = JSON.stringify({ text: "plain ".repeat(40_000) });

const coded =
  (bytes: Uint8Array, coding: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(bytes, { headers: { "content-encoding": coding, "content-type": "application/json", ...headers } });

async function twice(answer: () => Response, entry: Record<string, unknown> = {}) {
  const origin = scriptOrigin(answer);
  const client = clientOf(entry);
  const key = uniqueKey();
  const first = await client.post(PATH, { key });
  const bytes = new Uint8Array(await first.arrayBuffer().catch(() => new ArrayBuffer(0)));
  const retry = await client.post(PATH, { key });
  return { origin, first, bytes, retry };
}

describe("7.4.2 an answer that is coded all the same", () => {
  test.each([
    ["deflate", deflateSync(TEXT)],
    ["deflate", deflateRawSync(TEXT)],
    ["zstd", zstdCompressSync(TEXT)],
    ["GZIP", gzipSync(TEXT)],
    ["x-gzip", gzipSync(TEXT)],
    ["Br", brotliCompressSync(TEXT)],
  ])("is decoded, so that its replay fits every client: %s", async (coding, bytes) => {
    const { first, bytes: received, retry, origin } = await twice(coded(bytes, coding, { etag: '"v1"' }));
    expect(new TextDecoder().decode(received)).toBe(TEXT);
    expect([first.headers.get("content-encoding"), first.headers.get("etag")]).toEqual([null, 'W/"v1"']);
    expect([statusOf(retry), await retry.text()]).toEqual(["replayed", TEXT]);
    expect(origin.received).toHaveLength(1);
  });

  test("is bounded by what it decodes to", async () => {
    const bomb = zstdCompressSync(new Uint8Array(30_000_000));
    const { first, bytes, retry } = await twice(coded(bomb, "zstd"), { max_response_bytes: 1_000_000 });
    expect([first.status, bytes.byteLength]).toEqual([200, 30_000_000]);
    expect(await problemOf(retry)).toBe("409 replay_unavailable");
  });

  test.each([
    ["is cut", zstdCompressSync(TEXT).subarray(0, 40)],
    ["is damaged", zstdCompressSync(TEXT).fill(0xff, 6)],
    ["is not coded at all", new TextEncoder().encode(TEXT)],
  ])("counts as cut short where it %s, and never runs again", async (_, bytes) => {
    const { first, retry, origin } = await twice(coded(bytes, "zstd"));
    expect(first.status).toBe(502);
    expect(await problemOf(retry)).toBe("409 outcome_unknown");
    expect(origin.received).toHaveLength(1);
  });

  test("is passed on piece by piece where it streams", async () => {
    const body = liveBody();
    scriptOrigin(() =>
      body.response({ headers: { "content-type": "text/event-stream", "content-encoding": "deflate" } }),
    );
    const first = await clientOf().post(PATH);
    const events = "data: 1\n\ndata: 2\n\n";
    const bytes = deflateSync(events);
    for (const byte of bytes) body.send(new Uint8Array([byte]));
    body.end();
    expect(await first.text()).toBe(events);
  });

  test("is read by rules when it is decoded", async () => {
    const outcomes = [{ json: "/code", is: "THROTTLED", outcome: "not-executed" }];
    const { retry } = await twice(coded(zstdCompressSync('{"code":"THROTTLED"}'), "zstd"), { outcomes });
    expect(statusOf(retry)).toBe("released");
  });
});

describe("7.4.3 an answer in another coding", () => {
  const BYTES = new Uint8Array([0x78, 0x9c, 0, 1, 2, 255]);

  test.each(["dcb", "compress", "gzip, br"])(
    "reaches its first client as it is, and becomes a tombstone: %s",
    async (coding) => {
      const { first, bytes, retry, origin } = await twice(coded(BYTES, coding, { etag: '"v1"' }));
      expect([first.status, statusOf(first), ...bytes]).toEqual([200, "executed", ...BYTES]);
      expect([first.headers.get("content-encoding"), first.headers.get("etag")]).toEqual([coding, '"v1"']);
      expect(await retry.json()).toMatchObject({
        code: "replay_unavailable",
        detail: `The request with this key ran, but its answer had the content coding "${coding}", which is not kept. It is not sent again until the record expires.`,
      });
      expect(origin.received).toHaveLength(1);
    },
  );

  test("is undone like any other where it was not executed", async () => {
    const { first, retry } = await twice(
      () => new Response(BYTES, { status: 429, headers: { "content-encoding": "dcb" } }),
    );
    expect([statusOf(first), statusOf(retry)]).toEqual(["released", "released"]);
  });

  test("is stored where it has no body", async () => {
    const { retry } = await twice(() => new Response(null, { status: 200, headers: { "content-encoding": "dcb" } }));
    expect(statusOf(retry)).toBe("replayed");
  });
});
