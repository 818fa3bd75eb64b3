// Requests that wait for a newer set of keys, or for the fetch of another request.

import { describe, expect, test, vi } from "vitest";
import { jwksAfter, jwksAt } from "../../../src/identity/jwks.ts";
import { MINUTE, NEWER, SET, stubIssuer } from "./issuer-stub.ts";

const issuer = stubIssuer();

describe("3.5.7 a newer set", () => {
  test("is not fetched where another request has got one", async () => {
    const known = (await jwksAt(issuer.url)) ?? SET;
    vi.setSystemTime(10 * MINUTE);
    issuer.answer = async () => Response.json(NEWER);
    const newer = await jwksAt(issuer.url);
    vi.setSystemTime(20 * MINUTE);
    expect(await jwksAfter(issuer.url, known)).toBe(newer);
    expect(issuer.asked).toHaveLength(2);
  });

  test("may be the same set, after which nothing is uncertain", async () => {
    const known = (await jwksAt(issuer.url)) ?? SET;
    vi.setSystemTime(30_000);
    issuer.fails();
    expect(await jwksAfter(issuer.url, known)).toBeNull();
    issuer.answer = async () => Response.json(NEWER);
    vi.setSystemTime(59_999);
    expect(await jwksAfter(issuer.url, known)).toBeNull();
    expect(issuer.asked).toHaveLength(2);
    vi.setSystemTime(60_000);
    const newer = await jwksAfter(issuer.url, known);
    expect(newer).toEqual(NEWER);
    // A failure is forgotten with the next good set.
    vi.setSystemTime(61_000);
    expect(await jwksAfter(issuer.url, newer ?? NEWER)).toBe(newer);
    expect(issuer.asked).toHaveLength(3);
  });

  test("is none where the last good set is too old", async () => {
    const known = (await jwksAt(issuer.url)) ?? SET;
    issuer.fails();
    vi.setSystemTime(60 * MINUTE);
    expect(await jwksAfter(issuer.url, known)).toBeNull();
  });

  test("is the one that is known, although a later fetch has failed", async () => {
    const known = (await jwksAt(issuer.url)) ?? SET;
    vi.setSystemTime(10 * MINUTE);
    issuer.answer = async () => Response.json(NEWER);
    const newer = await jwksAt(issuer.url);
    issuer.fails();
    vi.setSystemTime(20 * MINUTE);
    expect(await jwksAt(issuer.url)).toBe(newer);
    expect(await jwksAfter(issuer.url, known)).toBe(newer);
  });

  test("is unknown at a URL that nothing was fetched from", async () => {
    expect(await jwksAfter(issuer.url, SET)).toBeNull();
    expect(issuer.asked).toHaveLength(0);
  });

  test("is waited for right after a failure, once another request fetches it", async () => {
    const known = (await jwksAt(issuer.url)) ?? SET;
    issuer.fails();
    vi.setSystemTime(10 * MINUTE);
    await jwksAt(issuer.url);
    vi.setSystemTime(10 * MINUTE + 2000);
    issuer.answersAfter(1000, () => Response.json(NEWER));
    const asking = [jwksAt(issuer.url), jwksAfter(issuer.url, known)];
    await vi.advanceTimersByTimeAsync(1050);
    expect(await Promise.all(asking)).toEqual([NEWER, NEWER]);
    expect(issuer.asked).toHaveLength(3);
  });

  test("can't be ruled out while it is fetched for longer than a request waits", async () => {
    const known = (await jwksAt(issuer.url)) ?? SET;
    vi.setSystemTime(30_000);
    issuer.hangs();
    void jwksAfter(issuer.url, known);
    vi.clearAllTimers();
    // One of them fetches after a second, and may take another five.
    const asking = [jwksAfter(issuer.url, known), jwksAfter(issuer.url, known)];
    let second: unknown = "waiting";
    void asking[1]?.then((jwks) => (second = jwks));
    await vi.advanceTimersByTimeAsync(4999);
    expect(second).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect([second, issuer.asked.length]).toEqual([null, 3]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await asking[0]).toBeNull();
  });

  test("is waited for, however short ago the known one was fetched", async () => {
    const known = (await jwksAt(issuer.url)) ?? SET;
    vi.setSystemTime(30_000);
    issuer.answersAfter(2000, () => Response.json(NEWER));
    const first = jwksAfter(issuer.url, known);
    await vi.advanceTimersByTimeAsync(1000);
    const second = jwksAfter(issuer.url, known);
    await vi.advanceTimersByTimeAsync(1050);
    expect(await Promise.all([first, second])).toEqual([NEWER, NEWER]);
    expect(issuer.asked).toHaveLength(2);
  });
});

describe("3.5.7 a request that waits for another one's fetch", () => {
  test("looks every 50 ms", async () => {
    issuer.answersAfter(120, () => Response.json(SET));
    void jwksAt(issuer.url);
    let waited: unknown = "waiting";
    void jwksAt(issuer.url).then((jwks) => (waited = jwks));
    await vi.advanceTimersByTimeAsync(149);
    expect(waited).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect(waited).toEqual(SET);
  });

  test("fetches itself once the other one has shown no life for a second", async () => {
    issuer.hangs();
    void jwksAt(issuer.url);
    vi.clearAllTimers();
    issuer.answer = async () => Response.json(SET);
    const waiting = jwksAt(issuer.url);
    await vi.advanceTimersByTimeAsync(999);
    expect(issuer.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(issuer.asked).toHaveLength(2);
    expect(await waiting).toEqual(SET);
  });

  test("counts that second from the last sign of life", async () => {
    issuer.hangs();
    void jwksAt(issuer.url);
    await vi.advanceTimersByTimeAsync(500);
    vi.clearAllTimers();
    issuer.answer = async () => Response.json(SET);
    const next = jwksAt(issuer.url);
    await vi.advanceTimersByTimeAsync(999);
    expect(issuer.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await next).toEqual(SET);
  });

  test("waits for five seconds in all, whichever request fetches", async () => {
    issuer.hangs();
    void jwksAt(issuer.url);
    vi.clearAllTimers();
    const [taking, waiting] = [jwksAt(issuer.url), jwksAt(issuer.url)];
    let ended: unknown = "waiting";
    void waiting.then((jwks) => (ended = jwks));
    await vi.advanceTimersByTimeAsync(4999);
    expect([issuer.asked.length, ended]).toEqual([2, "waiting"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(ended).toBeNull();
    await vi.advanceTimersByTimeAsync(1000);
    expect(await taking).toBeNull();
    expect(issuer.asked).toHaveLength(2);
  });

  test("keeps its fetch, although the one that showed no life ends after all", async () => {
    const slow = Promise.withResolvers<Response>();
    issuer.answer = () => slow.promise;
    const first = jwksAt(issuer.url);
    vi.clearAllTimers();
    issuer.hangs();
    void jwksAt(issuer.url);
    await vi.advanceTimersByTimeAsync(1000);
    expect(issuer.asked).toHaveLength(2);
    slow.reject(new Error("reset"));
    expect(await first).toBeNull();
    await vi.advanceTimersByTimeAsync(2500);
    // A third one waits for the second one's fetch.
    const third = jwksAt(issuer.url);
    await vi.advanceTimersByTimeAsync(2550);
    expect(await third).toBeNull();
    expect(issuer.asked).toHaveLength(2);
  });
});
