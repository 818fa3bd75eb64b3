// What the platform's operations cost that a keyed request is made of: `/NAME/COUNT` runs one of them so often.

import { DurableObject } from "cloudflare:workers";

type Env = { KEYS: DurableObjectNamespace<KeyObject> };
type Operation = (storage?: DurableObjectStorage) => unknown;

const encoder = new TextEncoder();
const TEXT = "oncegate/1 api.test POST /v1/charges ".padEnd(150, "0123456789abcdef");
const PAIRS: [string, string][] = [
  ["accept", "*/*"],
  ["authorization", "Bearer bench"],
  ["content-length", "193"],
  ["content-type", "application/json"],
  ["host", "api.test"],
  ["idempotency-key", "5d0b6c1e-0000-4000-8000-000000000000"],
  ["user-agent", "bench"],
];
const HEADERS = new Headers(PAIRS);
const INIT = { method: "POST", redirect: "manual" } as const;
const REQUEST = new Request("http://api.test/v1/charges", { ...INIT, headers: PAIRS });
/** Of the size and form of a policy that crosses to a key object. */
const POLICY = Object.fromEntries(Array.from({ length: 14 }, (_, at) => [`propertyNumber${at}`, at]));
const VALUE = { ...POLICY, plain: TEXT, headers: PAIRS, body: new Uint8Array(200) };
const LINE = JSON.stringify({ event: "keyed", text: TEXT, ...POLICY });

function appendTo({ headers }: Pick<Request, "headers">): void {
  for (const [name, value] of PAIRS) headers.append(name, value);
}

const IN_WORKER: Readonly<Record<string, Operation>> = {
  "a digest of 150 characters, awaited": async () => {
    const framed = new Uint8Array(3 * TEXT.length);
    const { written } = encoder.encodeInto(TEXT, framed);
    await crypto.subtle.digest("SHA-256", framed.subarray(0, written));
  },
  "a look at a field by its name": () => HEADERS.get("x-http-method-override"),
  "a walk over seven fields": () => [...HEADERS],
  "a copy of Headers": () => new Headers(HEADERS),
  "a request given its fields as pairs": () => new Request("http://api.test/", { ...INIT, headers: PAIRS }),
  "a request to which they are appended": () => appendTo(new Request("http://api.test/", INIT)),
  "a copied request, changed in six fields": () => {
    const { headers } = new Request("http://api.test/", REQUEST);
    for (const name of ["x-forwarded-host", "x-forwarded-proto"]) headers.set(name, "a");
    for (const name of ["via", "cdn-loop"]) headers.append(name, "a");
    for (const name of ["host", "content-length"]) headers.delete(name);
  },
  "a response given its fields as pairs": () => new Response("x", { status: 201, headers: PAIRS }),
  "a response to which they are appended": () => appendTo(new Response("x", { status: 201 })),
  "a timer, set and cleared": () => clearTimeout(setTimeout(() => undefined, 100_000)),
  "an AbortController with a listener": () => new AbortController().signal.addEventListener("abort", () => undefined),
  "a URL, parsed": () => URL.parse("https://api.test/v1/charges?expand=1"),
  "a random UUID": () => crypto.randomUUID(),
  "a log line of 400 bytes": () => console.log(LINE),
};

const IN_OBJECT: Readonly<Record<string, (storage: DurableObjectStorage) => unknown>> = {
  "a stored record, read": ({ kv }) => kv.get("record"),
  "a record, stored": ({ kv }) => kv.put("record", VALUE),
  "an alarm, set": (storage) => void storage.setAlarm(Date.now() + 86_400_000),
};

const CALLS: Readonly<Record<string, unknown>> = {
  "a call of an object, with nothing": null,
  "a call of an object, with a policy": POLICY,
  "the same as one text": JSON.stringify(POLICY),
};

export class KeyObject extends DurableObject<Env> {
  async run(name: string, count: number): Promise<void> {
    this.ctx.storage.kv.put("record", VALUE);
    for (let times = 0; times < count; times++) IN_OBJECT[name]?.(this.ctx.storage);
  }

  take(given: unknown): number {
    return given === null ? 0 : 1;
  }
}

export default {
  async fetch({ url }: Request, { KEYS }: Env): Promise<Response> {
    const [, written = "", times = "0"] = new URL(url).pathname.split("/");
    const [name, count] = [decodeURIComponent(written), Number(times)];
    const stub = KEYS.getByName("one");
    const operation = IN_WORKER[name];
    if (name === "") return Response.json([IN_WORKER, CALLS, IN_OBJECT].flatMap((table) => Object.keys(table)));
    if (name in IN_OBJECT) await stub.run(name, count);
    for (let time = 0; time < count && name in CALLS; time++) await stub.take(CALLS[name]);
    for (let time = 0; time < count && operation !== undefined; time++) {
      const result = operation();
      if (result instanceof Promise) await result;
    }
    return new Response("done");
  },
};
