import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { jwksAt } from "../../../src/identity/jwks.ts";

const KEY = { kty: "EC", kid: "1" };

let asked: [url: string, init: RequestInit | undefined][] = [];
let answer: () => Promise<Response> = async () => Response.json({ keys: [KEY] });

beforeEach(() => {
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

describe("3.5.7 the keys of an issuer", () => {
  test("are fetched without following redirects", async () => {
    const url = uniqueUrl();
    expect(await jwksAt(url, 1000, 0)).toEqual({ keys: [KEY] });
    expect(asked).toMatchObject([[url, { redirect: "manual" }]]);
  });

  test("are cached up to the requested age", async () => {
    const url = uniqueUrl();
    await jwksAt(url, 1000, 5000);
    await jwksAt(url, 1000, 5999);
    expect(asked).toHaveLength(1);
    await jwksAt(url, 1000, 6000);
    expect(asked).toHaveLength(2);
  });

  test("time out after five seconds, including their body", async () => {
    vi.useFakeTimers();
    const silent = new ReadableStream({ pull: () => new Promise<void>(() => {}) });
    for (const never of [() => new Promise<Response>(() => {}), async () => new Response(silent)]) {
      answer = never;
      const asking = jwksAt(uniqueUrl(), 1000, 0);
      await vi.advanceTimersByTimeAsync(4999);
      expect(asked.at(-1)?.[1]?.signal?.aborted).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(await asking).toBeNull();
      expect(asked.at(-1)?.[1]?.signal?.aborted).toBe(true);
    }
  });

  test("are fetched again two seconds after a failure, and cached keys stay valid meanwhile", async () => {
    const url = uniqueUrl();
    await jwksAt(url, 1000, 0);
    answer = () => Promise.reject(new Error("Network connection lost."));
    expect(await jwksAt(url, 100, 500)).toBeNull();
    expect(await jwksAt(url, 100, 2499)).toBeNull();
    expect(asked).toHaveLength(2);
    expect(await jwksAt(url, 10_000, 2499)).toEqual({ keys: [KEY] });
    answer = async () => Response.json({ keys: [] });
    expect(await jwksAt(url, 100, 2500)).toEqual({ keys: [] });
  });

  test("are cached for the 100 issuers fetched last", async () => {
    const first = uniqueUrl();
    await jwksAt(first, 1000, 0);
    for (let count = 0; count < 99; count++) await jwksAt(uniqueUrl(), 1000, 0);
    await jwksAt(first, 1000, 1);
    expect(asked).toHaveLength(100);
    await jwksAt(uniqueUrl(), 1000, 1);
    await jwksAt(first, 1000, 1);
    expect(asked).toHaveLength(102);
  });
});
