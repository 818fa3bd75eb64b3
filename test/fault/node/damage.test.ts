/** Records whose bytes are damaged on the disk, while no process runs. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { secretsNamedBy } from "../../support/secrets.ts";
import { nameOf } from "../workerd/invariants.ts";
import { count, printTallyAtEnd } from "../workerd/tally.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { KeyedClient } from "./keyed-client.ts";
import { type Behaviour, type RawOrigin, startRawOrigin, wellFormed } from "./raw-origin.ts";

printTallyAtEnd("damage");

const TOKEN = "operators-token";

let origin: RawOrigin;
let folder: string;
let gateway: Gateway;

beforeAll(async () => {
  origin = await startRawOrigin();
  folder = await mkdtemp(join(tmpdir(), "oncegate-damage-"));
  const entry = { origin: `http://127.0.0.1:${origin.port}`, caller: [], on_unknown: "retry" };
  gateway = await startGateway({ "*": entry }, folder, {
    OPERATOR_TOKEN: TOKEN,
    SECRETS: JSON.stringify(secretsNamedBy({})),
  });
});

afterAll(async () => {
  await gateway.stop();
  await origin.stop();
  await rm(folder, { recursive: true, force: true });
});

const answering = (bytes: number, status = "201 Created"): Behaviour => ({
  act: (socket) => void socket.write(wellFormed("x".repeat(bytes), status)),
});

/** A V8 value begins with 0xff and its version. */
const DAMAGE: readonly (readonly [name: string, of: (value: Uint8Array) => Uint8Array])[] = [
  ["nothing", () => new Uint8Array(0)],
  ["zeros", ({ byteLength }) => new Uint8Array(byteLength)],
  ["a version that nobody knows", (value) => value.map((byte, index) => (index === 1 ? 255 : byte))],
  ["half of it", (value) => value.slice(0, value.byteLength / 2)],
];

/** Replaces the values of keys that begin with `prefix`, in every object that has a record of `path`. */
async function damage(path: string, prefix: string, of: (value: Uint8Array) => Uint8Array): Promise<number> {
  const objects = join(folder, "records", "oncegate-keys");
  let damaged = 0;
  for (const file of (await readdir(objects)).filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))) {
    const database = new DatabaseSync(join(objects, file));
    const valueOf = database.prepare("SELECT value FROM _cf_KV WHERE key = ?");
    const bytes = (row: unknown): Uint8Array => Uint8Array.from(Object(row).value as Uint8Array);
    const record = valueOf.get("record");
    if (record !== undefined && Buffer.from(bytes(record)).includes(`POST ${path}`)) {
      const keys = database.prepare("SELECT key FROM _cf_KV WHERE key LIKE ?").all(`${prefix}%`);
      for (const { key } of keys) {
        const replaced = of(bytes(valueOf.get(String(key))));
        database.prepare("UPDATE _cf_KV SET value = ? WHERE key = ?").run(replaced, String(key));
        damaged++;
      }
    }
    database.close();
  }
  return damaged;
}

async function recordOf({ key, path }: KeyedClient): Promise<{ id: string; state: string }> {
  const found = await operator("/records/find", { operation: `POST ${path}`, key });
  return found as { id: string; state: string };
}

async function operator(path: string, body: object): Promise<unknown> {
  const response = await fetch(new URL(`/_oncegate/v1${path}`, gateway.url), {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });
  return response.json();
}

describe.each(DAMAGE)("a record is $0 on the disk", (name, of) => {
  test.each([
    ["a stored response", answering(100), "record"],
    ["a stored response in chunks", answering(600_000), "record"],
    ["a chunk of a stored response", answering(600_000), "chunk:"],
    ["an unknown outcome", answering(3, "502 Bad Gateway"), "record"],
  ] as const)("%s never runs again, and the operator's release frees the key", async (kind, behaviour, prefix) => {
    const path = `/${encodeURIComponent(`${name} ${kind}`)}`;
    const client = new KeyedClient(gateway.url, path);
    origin.on(path, client.history, behaviour);
    await client.ask();
    await gateway.restart(async () => expect(await damage(path, prefix, of)).toBeGreaterThan(0));
    const retry = nameOf(await client.ask());
    count(`the bytes of ${kind} are ${name}`, retry);
    expect(retry).toBe("409 outcome_unknown");
    expect(client.history.filter(({ what }) => what === "received")).toHaveLength(1);
    const { id, state } = await recordOf(client);
    expect(state).toBe(prefix === "record" ? "unreadable" : "completed");
    const released = await operator(`/records/${id}/release`, { why: "the disk is damaged" });
    expect(released).toMatchObject({ before: state, after: "none" });
    expect(nameOf(await client.ask())).toBe("executed");
  });
});
