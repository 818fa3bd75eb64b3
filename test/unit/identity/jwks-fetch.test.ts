// One fetch of an issuer's keys: what is asked, what is taken, what is logged, and who waits for it how long.

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { jwksAfter, jwksAt } from "../../../src/identity/jwks.ts";

const SET = { keys: [{ kty: "EC", kid: "1" }] };
const NEWER = { keys: [{ kty: "EC", kid: "2" }] };
const MINUTE = 60_000;

let url = "";
let asked: (RequestInit | undefined)[] = [];
let answer: () => Promise<Response>;
let logged: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  url = `https://issuer.test/${crypto.randomUUID()}`;
  asked = [];
  logged = [];
  answer = async () => Response.json(SET);
  vi.spyOn(console, "warn").mockImplementation((line: string) => {
    const { version, ...entry } = JSON.parse(line) as Record<string, unknown>;
    expect(version).toBeNull();
    logged.push(entry);
  });
  vi.spyOn(globalThis, "fetch").mockImplementation((_, init) => {
    asked.push(init);
    return answer();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const fails = (): void => {
  answer = () => Promise.reject(new Error("Network connection lost."));
};
const hangs = (): void => {
  answer = () => new Promise<Response>(() => {});
};
/** Answers after this time. */
const answersAfter = (ms: number, make: () => Response): void => {
  answer = () => new Promise((resolve) => setTimeout(() => resolve(make()), ms));
};
const unavailable = (why: unknown): object => ({ event: "jwks_unavailable", url, why });

describe("3.5.7 a fetch of keys", () => {
  test("asks for JSON, and logs nothing where it gets it", async () => {
    expect(await jwksAt(url)).toEqual(SET);
    expect(asked).toEqual([
      { headers: { accept: "application/json" }, redirect: "manual", signal: expect.any(AbortSignal) as unknown },
    ]);
    expect(logged).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([201, 302, 304, 404, 500])("refuses the status %i without reading its body", async (status) => {
    const cancel = vi.fn<() => void>();
    const isBodiless = status === 304;
    answer = async () => new Response(isBodiless ? null : new ReadableStream({ cancel }), { status });
    expect(await jwksAt(url)).toBeNull();
    expect(logged).toEqual([unavailable(`status ${status}`)]);
    expect(cancel).toHaveBeenCalledTimes(isBodiless ? 0 : 1);
  });

  test("reads at most 64 KiB", async () => {
    const padded = (bytes: number) => `{"keys":[{"kty":"EC","x":"${"x".repeat(bytes - 30)}"}]}`;
    answer = async () => new Response(padded(65_536));
    expect(padded(65_536)).toHaveLength(65_536);
    expect(await jwksAt(url)).toMatchObject({ keys: [{ kty: "EC" }] });
    const cancel = vi.fn<() => void>();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(padded(65_537))),
      cancel,
    });
    answer = async () => new Response(endless);
    url += "/2";
    expect(await jwksAt(url)).toBeNull();
    expect(logged).toEqual([unavailable("the body is too large")]);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test("takes no part of a body that breaks off", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(JSON.stringify(SET)));
        controller.error(new Error("reset"));
      },
    });
    answer = async () => new Response(broken);
    expect(await jwksAt(url)).toBeNull();
    expect(logged).toEqual([unavailable("the body broke off")]);
  });

  test.each(["[]", "{}", '"keys"', "null", "7", '{"keys":{}}', '{"keys":[1]}', '{"keys":[{},null]}', '{"keys":[[]]}'])(
    "takes no key set from %s",
    async (body) => {
      answer = async () => new Response(body);
      expect(await jwksAt(url)).toBeNull();
      expect(logged).toEqual([unavailable("the body is not a key set")]);
    },
  );

  test("logs why it failed", async () => {
    answer = async () => new Response("<html>");
    expect(await jwksAt(url)).toBeNull();
    expect(logged).toEqual([unavailable(expect.stringMatching(/^SyntaxError: /))]);
    fails();
    url += "/2";
    expect(await jwksAt(url)).toBeNull();
    expect(logged[1]).toEqual(unavailable("Error: Network connection lost."));
    expect(asked[1]?.signal?.aborted).toBe(true);
  });

  test("ends after five seconds, with its reason", async () => {
    hangs();
    const asking = jwksAt(url);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await asking).toBeNull();
    expect(asked[0]?.signal?.reason).toBe("the fetch of the keys took too long");
    expect(logged).toEqual([unavailable("timeout")]);
  });

  test("that fails leaves the last good set, and logs its age", async () => {
    await jwksAt(url);
    fails();
    vi.setSystemTime(10 * MINUTE + 1999);
    expect(await jwksAt(url)).toEqual(SET);
    expect(logged).toEqual([
      unavailable("Error: Network connection lost."),
      { event: "jwks_stale", url, ageSeconds: 601 },
    ]);
    answer = async () => Response.json(NEWER);
    vi.setSystemTime(10 * MINUTE + 3998);
    expect(await jwksAt(url)).toEqual(SET);
    vi.setSystemTime(10 * MINUTE + 3999);
    expect(await jwksAt(url)).toEqual(NEWER);
    expect(logged).toHaveLength(2);
  });
});

describe("3.5.7 the age of keys", () => {
  test("counts from the beginning of their fetch", async () => {
    answersAfter(4000, () => Response.json(SET));
    const asking = jwksAt(url);
    await vi.advanceTimersByTimeAsync(4000);
    expect(await asking).toEqual(SET);
    answer = async () => Response.json(NEWER);
    vi.setSystemTime(10 * MINUTE - 1);
    expect(await jwksAt(url)).toEqual(SET);
    vi.setSystemTime(10 * MINUTE);
    expect(await jwksAt(url)).toEqual(NEWER);
  });

  test("ends after an hour, also while the next fetch must wait", async () => {
    await jwksAt(url);
    vi.setSystemTime(60 * MINUTE - 1000);
    fails();
    expect(await jwksAt(url)).toEqual(SET);
    vi.setSystemTime(60 * MINUTE - 1);
    expect(await jwksAt(url)).toEqual(SET);
    vi.setSystemTime(60 * MINUTE);
    expect(await jwksAt(url)).toBeNull();
    expect(asked).toHaveLength(2);
    // No set is known any more, so none is stale.
    vi.setSystemTime(60 * MINUTE + 1000);
    expect(await jwksAt(url)).toBeNull();
    expect(logged.filter((entry) => (entry as { event: string }).event === "jwks_stale")).toHaveLength(1);
  });

  test("of a failure counts from its end", async () => {
    hangs();
    const asking = jwksAt(url);
    await vi.advanceTimersByTimeAsync(5000);
    await asking;
    vi.setSystemTime(6999);
    expect(await jwksAt(url)).toBeNull();
    expect(asked).toHaveLength(1);
    answer = async () => Response.json(SET);
    vi.setSystemTime(7000);
    expect(await jwksAt(url)).toEqual(SET);
  });
});

describe("3.5.7 a newer set", () => {
  test("is not fetched where another request has got one", async () => {
    const known = (await jwksAt(url)) ?? SET;
    vi.setSystemTime(10 * MINUTE);
    answer = async () => Response.json(NEWER);
    const newer = await jwksAt(url);
    vi.setSystemTime(20 * MINUTE);
    expect(await jwksAfter(url, known)).toBe(newer);
    expect(asked).toHaveLength(2);
  });

  test("may be the same set, after which nothing is uncertain", async () => {
    const known = (await jwksAt(url)) ?? SET;
    vi.setSystemTime(30_000);
    fails();
    expect(await jwksAfter(url, known)).toBeNull();
    answer = async () => Response.json(NEWER);
    vi.setSystemTime(59_999);
    expect(await jwksAfter(url, known)).toBeNull();
    expect(asked).toHaveLength(2);
    vi.setSystemTime(60_000);
    const newer = await jwksAfter(url, known);
    expect(newer).toEqual(NEWER);
    // A failure is forgotten with the next good set.
    vi.setSystemTime(61_000);
    expect(await jwksAfter(url, newer ?? NEWER)).toBe(newer);
    expect(asked).toHaveLength(3);
  });

  test("is none where the last good set is too old", async () => {
    const known = (await jwksAt(url)) ?? SET;
    fails();
    vi.setSystemTime(60 * MINUTE);
    expect(await jwksAfter(url, known)).toBeNull();
  });

  test("is the one that is known, although a later fetch has failed", async () => {
    const known = (await jwksAt(url)) ?? SET;
    vi.setSystemTime(10 * MINUTE);
    answer = async () => Response.json(NEWER);
    const newer = await jwksAt(url);
    fails();
    vi.setSystemTime(20 * MINUTE);
    expect(await jwksAt(url)).toBe(newer);
    expect(await jwksAfter(url, known)).toBe(newer);
  });

  test("is unknown at a URL that nothing was fetched from", async () => {
    expect(await jwksAfter(url, SET)).toBeNull();
    expect(asked).toHaveLength(0);
  });

  test("is waited for right after a failure, once another request fetches it", async () => {
    const known = (await jwksAt(url)) ?? SET;
    fails();
    vi.setSystemTime(10 * MINUTE);
    await jwksAt(url);
    vi.setSystemTime(10 * MINUTE + 2000);
    answersAfter(1000, () => Response.json(NEWER));
    const asking = [jwksAt(url), jwksAfter(url, known)];
    await vi.advanceTimersByTimeAsync(1050);
    expect(await Promise.all(asking)).toEqual([NEWER, NEWER]);
    expect(asked).toHaveLength(3);
  });

  test("can't be ruled out while it is fetched for longer than a request waits", async () => {
    const known = (await jwksAt(url)) ?? SET;
    vi.setSystemTime(30_000);
    hangs();
    void jwksAfter(url, known);
    vi.clearAllTimers();
    // One of them fetches after a second, and may take another five.
    const asking = [jwksAfter(url, known), jwksAfter(url, known)];
    let second: unknown = "waiting";
    void asking[1]?.then((jwks) => (second = jwks));
    await vi.advanceTimersByTimeAsync(4999);
    expect(second).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect([second, asked.length]).toEqual([null, 3]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await asking[0]).toBeNull();
  });

  test("is waited for, however short ago the known one was fetched", async () => {
    const known = (await jwksAt(url)) ?? SET;
    vi.setSystemTime(30_000);
    answersAfter(2000, () => Response.json(NEWER));
    const first = jwksAfter(url, known);
    await vi.advanceTimersByTimeAsync(1000);
    const second = jwksAfter(url, known);
    await vi.advanceTimersByTimeAsync(1050);
    expect(await Promise.all([first, second])).toEqual([NEWER, NEWER]);
    expect(asked).toHaveLength(2);
  });
});

describe("3.5.7 a request that waits for another one's fetch", () => {
  test("looks every 50 ms", async () => {
    answersAfter(120, () => Response.json(SET));
    void jwksAt(url);
    let waited: unknown = "waiting";
    void jwksAt(url).then((jwks) => (waited = jwks));
    await vi.advanceTimersByTimeAsync(149);
    expect(waited).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect(waited).toEqual(SET);
  });

  test("fetches itself once the other one has shown no life for a second", async () => {
    hangs();
    void jwksAt(url);
    vi.clearAllTimers();
    answer = async () => Response.json(SET);
    const waiting = jwksAt(url);
    await vi.advanceTimersByTimeAsync(999);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
    expect(await waiting).toEqual(SET);
  });

  test("counts that second from the last sign of life", async () => {
    hangs();
    void jwksAt(url);
    await vi.advanceTimersByTimeAsync(500);
    vi.clearAllTimers();
    answer = async () => Response.json(SET);
    const next = jwksAt(url);
    await vi.advanceTimersByTimeAsync(999);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await next).toEqual(SET);
  });

  test("waits for five seconds in all, whoever fetches", async () => {
    hangs();
    void jwksAt(url);
    vi.clearAllTimers();
    const [taking, waiting] = [jwksAt(url), jwksAt(url)];
    let ended: unknown = "waiting";
    void waiting.then((jwks) => (ended = jwks));
    await vi.advanceTimersByTimeAsync(4999);
    expect([asked.length, ended]).toEqual([2, "waiting"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toBeNull();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await taking).toBeNull();
    expect(asked).toHaveLength(2);
  });

  test("keeps its fetch, although the one that showed no life ends after all", async () => {
    const slow = Promise.withResolvers<Response>();
    answer = () => slow.promise;
    const first = jwksAt(url);
    vi.clearAllTimers();
    hangs();
    void jwksAt(url);
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toHaveLength(2);
    slow.reject(new Error("reset"));
    expect(await first).toBeNull();
    await vi.advanceTimersByTimeAsync(2500);
    // A third one waits for the second one's fetch.
    const third = jwksAt(url);
    await vi.advanceTimersByTimeAsync(2550);
    expect(await third).toBeNull();
    expect(asked).toHaveLength(2);
  });
});
