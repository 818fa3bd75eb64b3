// The bare mechanism (bare-kv.ts) for answers that are too large for one value: a row for each 256 KiB, written while the client
// reads. It does not replay, since what an execution holds in memory needs no replay.

import { DurableObject } from "cloudflare:workers";

type Env = { ORIGIN: string; KEYS: DurableObjectNamespace<KeyObject> };

const DAY_MS = 86_400_000;
const CHUNK_BYTES = 262_144;

export class KeyObject extends DurableObject<Env> {
  override async fetch(request: Request): Promise<Response> {
    const { kv } = this.ctx.storage;
    if (kv.get("record") !== undefined) return new Response(null, { status: 409 });
    kv.put("record", "pending");
    void this.ctx.storage.setAlarm(Date.now() + DAY_MS);
    const { status, headers, body } = await fetch(request);
    let [chunks, bytes] = [0, 0];
    const chunk = new Uint8Array(CHUNK_BYTES);
    const write = (): void => {
      kv.put(`chunk ${chunks++}`, chunk.slice(0, bytes));
      bytes = 0;
    };
    const recorder = new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        if (bytes + piece.byteLength > CHUNK_BYTES) write();
        chunk.set(piece, bytes);
        bytes += piece.byteLength;
        controller.enqueue(piece);
      },
      flush() {
        write();
        kv.put("record", { status, headers: [...headers], chunks });
      },
    });
    return new Response(body?.pipeThrough(recorder), { status, headers });
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }
}

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const sent = new Request(env.ORIGIN + pathname + search, request);
    const key = request.headers.get("idempotency-key");
    return key === null ? fetch(sent) : env.KEYS.getByName(key).fetch(sent);
  },
};
