import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { jwksAfter, jwksAt } from "../../../src/identity/jwks.ts";

const KEY = { kty: "EC", kid: "1" };

let asked: [url: string, init: RequestInit | undefined][] = [];
let answer: () => Promise<Response> = async () => Response.json({ keys: [KEY] });

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  asked = [];
  answer = async () => Response.json({ keys: [KEY] });
  vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    asked.push([input instanceof Request ? input.url : String(input), init]);
    return answer();
  });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function uniqueUrl(): string {
  return `https://issuer.test/${crypto.randomUUID()}`;
}

function fails(): void {
  answer = () => Promise.reject(new Error("Network connection lost."));
}

function publishes(keys: object[]): void {
  answer = async () => Response.json({ keys });
}

const SET = { keys: [KEY] };
const MINUTE = 60_000;

describe("3.5.7 the keys of an issuer", () => {
  test("are fetched without following redirects", async () => {
    const url = uniqueUrl();
    expect(await jwksAt(url)).toEqual(SET);
    expect(asked).toMatchObject([[url, { redirect: "manual" }]]);
  });

  test("are used for ten minutes", async () => {
    const url = uniqueUrl();
    await jwksAt(url);
    vi.setSystemTime(10 * MINUTE - 1);
    await jwksAt(url);
    expect(asked).toHaveLength(1);
    vi.setSystemTime(10 * MINUTE);
    publishes([]);
    expect(await jwksAt(url)).toEqual({ keys: [] });
    expect(asked).toHaveLength(2);
  });

  test("time out after five seconds, including their body", async () => {
    const silent = new ReadableStream({ pull: () => new Promise<void>(() => {}) });
    for (const never of [() => new Promise<Response>(() => {}), async () => new Response(silent)]) {
      answer = never;
      const asking = jwksAt(uniqueUrl());
      await vi.advanceTimersByTimeAsync(4999);
      expect(asked.at(-1)?.[1]?.signal?.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(await asking).toBeNull();
      expect(asked.at(-1)?.[1]?.signal?.aborted).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    }
  });

  test("are fetched again two seconds after a failure", async () => {
    const url = uniqueUrl();
    fails();
    expect(await jwksAt(url)).toBeNull();
    publishes([KEY]);
    vi.setSystemTime(1999);
    expect(await jwksAt(url)).toBeNull();
    expect(asked).toHaveLength(1);
    vi.setSystemTime(2000);
    expect(await jwksAt(url)).toEqual(SET);
  });

  test("serve for an hour while their issuer is down", async () => {
    const url = uniqueUrl();
    await jwksAt(url);
    fails();
    vi.setSystemTime(60 * MINUTE - 1);
    expect(await jwksAt(url)).toEqual(SET);
    expect(console.warn).toHaveBeenLastCalledWith(
      expect.stringContaining(`{"event":"jwks_stale","url":"${url}","ageSeconds":3599,`),
    );
    vi.setSystemTime(60 * MINUTE);
    expect(await jwksAt(url)).toBeNull();
  });

  test("are fetched for an unknown key at most once in 30 seconds", async () => {
    const url = uniqueUrl();
    const known = (await jwksAt(url)) ?? SET;
    vi.setSystemTime(29_999);
    expect(await jwksAfter(url, known)).toBe(known);
    expect(asked).toHaveLength(1);
    vi.setSystemTime(30_000);
    fails();
    // Whether there is a newer key is not known.
    for (let count = 0; count < 3; count++) expect(await jwksAfter(url, known)).toBeNull();
    expect(await jwksAt(url)).toBe(known);
    expect(asked).toHaveLength(2);
    vi.setSystemTime(60_000);
    publishes([]);
    for (let count = 0; count < 3; count++) expect(await jwksAfter(url, known)).toEqual({ keys: [] });
    expect(asked).toHaveLength(3);
  });

  test("are fetched by one request, for which all others wait", async () => {
    const url = uniqueUrl();
    const { promise, resolve } = Promise.withResolvers<Response>();
    answer = () => promise;
    const asking = Array.from({ length: 60 }, () => jwksAt(url));
    await vi.advanceTimersByTimeAsync(4000);
    resolve(Response.json(SET));
    await vi.advanceTimersByTimeAsync(50);
    expect(await Promise.all(asking)).toEqual(Array.from({ length: 60 }, () => SET));
    expect(asked).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("are waited for while a newer set is fetched", async () => {
    const url = uniqueUrl();
    const known = (await jwksAt(url)) ?? SET;
    vi.setSystemTime(30_000);
    answer = () => new Promise((resolve) => setTimeout(resolve, 1000, Response.json({ keys: [] })));
    const asking = [jwksAfter(url, known), jwksAfter(url, known)];
    expect(await jwksAt(url)).toBe(known);
    await vi.advanceTimersByTimeAsync(1050);
    expect(await Promise.all(asking)).toEqual([{ keys: [] }, { keys: [] }]);
    expect(asked).toHaveLength(2);
  });

  test("serve others while their fetch never ends", async () => {
    const url = uniqueUrl();
    await jwksAt(url);
    vi.setSystemTime(10 * MINUTE);
    answer = () => new Promise<Response>(() => {});
    const hanging = jwksAt(url);
    expect(await jwksAt(url)).toEqual(SET);
    expect(asked).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await hanging).toEqual(SET);
  });

  test("are fetched by a waiting request a second after the fetching one was cancelled", async () => {
    const url = uniqueUrl();
    answer = () => new Promise<Response>(() => {});
    void jwksAt(url);
    // The platform cancels the timers of a request with it.
    vi.clearAllTimers();
    publishes([KEY]);
    const waiting = [jwksAt(url), jwksAt(url)];
    await vi.advanceTimersByTimeAsync(950);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(150);
    expect(await Promise.all(waiting)).toEqual([SET, SET]);
    expect(asked).toHaveLength(2);
  });

  test("are cached for the 100 issuers fetched last", async () => {
    const first = uniqueUrl();
    await jwksAt(first);
    for (let count = 0; count < 99; count++) await jwksAt(uniqueUrl());
    await jwksAt(first);
    expect(asked).toHaveLength(100);
    await jwksAt(uniqueUrl());
    await jwksAt(first);
    expect(asked).toHaveLength(102);
  });
});
