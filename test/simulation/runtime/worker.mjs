// The Worker by which the assumptions of the simulation are tested on the real runtime. Each method of the object shows one of them.

import { DurableObject, RpcTarget } from "cloudflare:workers";

class Seat extends RpcTarget {
  #onLeave;

  constructor(onLeave) {
    super();
    this.#onLeave = onLeave;
  }

  [Symbol.dispose]() {
    this.#onLeave();
  }
}

export class Subject extends DurableObject {
  calls = 0;
  inside = 0;
  seats = 0;

  remembers() {
    return ++this.calls;
  }

  read(keys) {
    return keys.map((key) => this.ctx.storage.kv.get(key) ?? null);
  }

  write(key, value) {
    this.ctx.storage.kv.put(key, value);
    return true;
  }

  writeAndAbort() {
    this.ctx.storage.kv.put("a", 1);
    this.ctx.storage.kv.put("b", 2);
    void this.ctx.storage.setAlarm(Date.now() + 3_600_000);
    this.ctx.abort("a crash");
  }

  async syncAndAbort() {
    this.ctx.storage.kv.put("a", 1);
    await this.ctx.storage.sync();
    this.ctx.storage.kv.put("b", 2);
    this.ctx.abort("a crash");
  }

  writeAndThrow() {
    this.ctx.storage.kv.put("a", 1);
    throw new Error("thrown");
  }

  rollsBack() {
    const { kv } = this.ctx.storage;
    kv.put("a", "before");
    try {
      this.ctx.storage.transactionSync(() => {
        kv.put("a", "after");
        kv.put("b", "new");
        throw new Error("no");
      });
    } catch {
      return [kv.get("a"), kv.get("b") ?? null];
    }
    return null;
  }

  lists() {
    const { kv } = this.ctx.storage;
    for (const key of ["p:2", "q", "p:1"]) kv.put(key, key);
    return [...kv.list({ prefix: "p:" })].map(([key]) => key);
  }

  storesTheWholeBuffer() {
    const { kv, sql } = this.ctx.storage;
    const before = sql.databaseSize;
    kv.put("view", new Uint8Array(1_000_000).subarray(0, 10));
    return { grownBy: sql.databaseSize - before, read: kv.get("view").byteLength };
  }

  storesItsContent() {
    const { kv } = this.ctx.storage;
    const value = { list: [1] };
    kv.put("value", value);
    value.list.push(2);
    return kv.get("value").list.length;
  }

  async overwritesAlarm() {
    const { storage } = this.ctx;
    const later = Date.now() + 7_200_000;
    await storage.setAlarm(later - 3_600_000);
    await storage.setAlarm(later);
    const set = await storage.getAlarm();
    storage.kv.put("a", 1);
    await storage.deleteAll();
    return { isLater: set === later, after: await storage.getAlarm(), value: storage.kv.get("a") ?? null };
  }

  async setAlarm(mode, inMs) {
    this.ctx.storage.kv.put("mode", mode);
    await this.ctx.storage.setAlarm(Date.now() + inMs);
  }

  alarms() {
    return { seen: this.ctx.storage.kv.get("seen") ?? [], calls: this.calls };
  }

  async alarm(info) {
    const { storage } = this.ctx;
    const inside = await storage.getAlarm();
    const seen = storage.kv.get("seen") ?? [];
    storage.kv.put("seen", [...seen, { inside, retryCount: info.retryCount, lateMs: Date.now() - info.scheduledTime }]);
    const mode = storage.kv.get("mode");
    if (mode === "throws" && info.retryCount === 0) throw new Error("the handler fails");
    if (mode === "another time" && seen.length === 0) await storage.setAlarm(info.scheduledTime + 300);
    if (mode === "aborts" && seen.length === 0) {
      await storage.sync();
      this.ctx.abort("a crash");
    }
  }

  async interleaves() {
    const { inside } = this;
    this.inside++;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return inside;
  }

  withSeat() {
    const pieces = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(8)) });
    return { body: pieces, seat: new Seat(() => this.seats++) };
  }

  seatsLeft() {
    return this.seats;
  }
}

const FLAGS = ["retryable", "remote", "overloaded", "durableObjectReset"];

export default {
  async fetch(request, env) {
    const [, name, method] = new URL(request.url).pathname.split("/");
    const stub = env.SUBJECTS.getByName(name);
    try {
      if (method === "leave") {
        const { body, seat } = await stub.withSeat();
        await body.getReader().read();
        seat[Symbol.dispose]();
        return Response.json({ value: true });
      }
      return Response.json({ value: (await stub[method](...(await request.json()))) ?? null });
    } catch (error) {
      return Response.json({ error: error.message, flags: FLAGS.filter((flag) => error[flag] === true) });
    }
  },
};
