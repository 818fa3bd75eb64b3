/** What a client gets that sends its whole body before it reads, and is refused meanwhile. */

import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { type RawConnection, connectRaw } from "../conformance/raw-client.ts";
import { noise } from "./contents.ts";
import { setUpRig } from "./rig.ts";

const rig = setUpRig({
  "small.test": { max_request_bytes: 1000 },
  "plain.test": {},
});

const connections: RawConnection[] = [];

afterEach(() => {
  for (const connection of connections.splice(0)) connection.reset();
});

const CALLER = "authorization: Bearer conformance";
const BODY = noise(12_000_000);

interface Upload {
  readonly host: string;
  readonly fields: readonly string[];
  /** In one chunk. Otherwise its length is declared. */
  readonly isChunked?: boolean;
  readonly body?: Buffer;
}

async function sendHead({ host, fields }: Pick<Upload, "host" | "fields">): Promise<RawConnection> {
  const connection = await connectRaw(rig.gateway.url);
  connections.push(connection);
  const { path } = rig.operation({ host });
  await connection.write([`POST ${path} HTTP/1.1`, `host: ${host}`, ...fields, "", ""].join("\r\n"));
  return connection;
}

/** Sends all of it, and reads the answer then. */
async function answerTo({ host, fields, isChunked = false, body = BODY }: Upload): Promise<string> {
  const length = isChunked ? "transfer-encoding: chunked" : `content-length: ${body.length}`;
  const connection = await sendHead({ host, fields: [...fields, length] });
  connection.socket.pause();
  if (isChunked) await connection.write(`${body.length.toString(16)}\r\n`);
  await connection.write(body);
  if (isChunked) await connection.write("\r\n0\r\n\r\n");
  connection.socket.resume();
  return (await connection.until('"code"', 20_000)).toString();
}

const key = (): string => `idempotency-key: ${randomUUID()}`;

describe("3.6.1 a body whose request is refused", () => {
  test.each<[string, Upload, RegExp]>([
    ["too large", { host: "small.test", fields: [CALLER, key()] }, /^HTTP\/1.1 413 .*"body_too_large"/s],
    [
      "too large, and of a length that is not declared",
      { host: "small.test", fields: [CALLER, key()], isChunked: true },
      /^HTTP\/1.1 413 .*"body_too_large"/s,
    ],
    ["of no caller", { host: "plain.test", fields: [key()] }, /^HTTP\/1.1 400 .*"caller_missing"/s],
    [
      "of a key that is not valid",
      { host: "plain.test", fields: [CALLER, 'idempotency-key: "'] },
      /^HTTP\/1.1 400 .*"key_invalid"/s,
    ],
  ])("does not keep the answer from its client: %s", async (_, upload, expected) => {
    expect(await answerTo(upload)).toMatch(expected);
  });

  test("is answered after a second where nothing of it comes", async () => {
    const connection = await sendHead({ host: "small.test", fields: [CALLER, key(), "content-length: 1000000"] });
    expect((await connection.until('"code"', 10_000)).toString()).toMatch(/^HTTP\/1.1 413 /);
  });

  test("leaves the connection usable", async () => {
    const connection = await sendHead({ host: "small.test", fields: [CALLER, key(), "content-length: 1000000"] });
    await connection.write(noise(1_000_000));
    await connection.until('"body_too_large"');
    await connection.write(
      ["POST /next HTTP/1.1", "host: small.test", key(), "content-length: 0", "", ""].join("\r\n"),
    );
    expect((await connection.until('"caller_missing"', 10_000)).toString()).toContain('"caller_missing"');
  });

  test("is not awaited from a client that asks before it sends", async () => {
    const fields = [CALLER, key(), "content-length: 1000000", "expect: 100-continue"];
    const connection = await sendHead({ host: "small.test", fields });
    expect((await connection.until('"code"', 10_000)).toString()).toMatch(/^HTTP\/1.1 4/);
  });
});
