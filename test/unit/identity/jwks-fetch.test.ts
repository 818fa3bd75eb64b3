// One fetch of an issuer's keys: what is asked, what is taken, what is logged, and how old it gets.

import { describe, expect, test, vi } from "vitest";
import { jwksAt } from "../../../src/identity/jwks.ts";
import { MINUTE, NEWER, SET, stubIssuer } from "./issuer-stub.ts";

const issuer = stubIssuer();

describe("3.5.7 a fetch of keys", () => {
  test("asks for JSON, and logs nothing where it gets it", async () => {
    expect(await jwksAt(issuer.url)).toEqual(SET);
    expect(issuer.asked).toEqual([
      { headers: { accept: "application/json" }, redirect: "manual", signal: expect.any(AbortSignal) as unknown },
    ]);
    expect(issuer.logged).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([201, 302, 304, 404, 500])("refuses the status %i without reading its body", async (status) => {
    const cancel = vi.fn<() => void>();
    const isBodiless = status === 304;
    issuer.answer = async () => new Response(isBodiless ? null : new ReadableStream({ cancel }), { status });
    expect(await jwksAt(issuer.url)).toBeNull();
    expect(issuer.logged).toEqual([issuer.unavailable(`status ${status}`)]);
    expect(cancel).toHaveBeenCalledTimes(isBodiless ? 0 : 1);
  });

  test("reads at most 64 KiB", async () => {
    const padded = (bytes: number) => `{"keys":[{"kty":"EC","x":"${"x".repeat(bytes - 30)}"}]}`;
    issuer.answer = async () => new Response(padded(65_536));
    expect(padded(65_536)).toHaveLength(65_536);
    expect(await jwksAt(issuer.url)).toMatchObject({ keys: [{ kty: "EC" }] });
    const cancel = vi.fn<() => void>();
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(padded(65_537))),
      cancel,
    });
    issuer.answer = async () => new Response(endless);
    issuer.url += "/2";
    expect(await jwksAt(issuer.url)).toBeNull();
    expect(issuer.logged).toEqual([issuer.unavailable("the body is too large")]);
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  test("takes no part of a body that breaks off", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(JSON.stringify(SET)));
        controller.error(new Error("reset"));
      },
    });
    issuer.answer = async () => new Response(broken);
    expect(await jwksAt(issuer.url)).toBeNull();
    expect(issuer.logged).toEqual([issuer.unavailable("the body broke off")]);
  });

  test.each(["[]", "{}", '"keys"', "null", "7", '{"keys":{}}', '{"keys":[1]}', '{"keys":[{},null]}', '{"keys":[[]]}'])(
    "takes no key set from %s",
    async (body) => {
      issuer.answer = async () => new Response(body);
      expect(await jwksAt(issuer.url)).toBeNull();
      expect(issuer.logged).toEqual([issuer.unavailable("the body is not a key set")]);
    },
  );

  test("logs why it failed", async () => {
    issuer.answer = async () => new Response("<html>");
    expect(await jwksAt(issuer.url)).toBeNull();
    expect(issuer.logged).toEqual([issuer.unavailable(expect.stringMatching(/^SyntaxError: /))]);
    issuer.fails();
    issuer.url += "/2";
    expect(await jwksAt(issuer.url)).toBeNull();
    expect(issuer.logged[1]).toEqual(issuer.unavailable("Error: Network connection lost."));
    expect(issuer.asked[1]?.signal?.aborted).toBe(true);
  });

  test("ends after five seconds, with its reason", async () => {
    issuer.hangs();
    const asking = jwksAt(issuer.url);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await asking).toBeNull();
    expect(issuer.asked[0]?.signal?.reason).toBe("the fetch of the keys took too long");
    expect(issuer.logged).toEqual([issuer.unavailable("timeout")]);
  });

  test("that fails leaves the last good set, and logs its age", async () => {
    await jwksAt(issuer.url);
    issuer.fails();
    vi.setSystemTime(10 * MINUTE + 1999);
    expect(await jwksAt(issuer.url)).toEqual(SET);
    expect(issuer.logged).toEqual([
      issuer.unavailable("Error: Network connection lost."),
      { event: "jwks_stale", url: issuer.url, ageSeconds: 601 },
    ]);
    issuer.answer = async () => Response.json(NEWER);
    vi.setSystemTime(10 * MINUTE + 3998);
    expect(await jwksAt(issuer.url)).toEqual(SET);
    vi.setSystemTime(10 * MINUTE + 3999);
    expect(await jwksAt(issuer.url)).toEqual(NEWER);
    expect(issuer.logged).toHaveLength(2);
  });
});

describe("3.5.7 the age of keys", () => {
  test("counts from the beginning of their fetch", async () => {
    issuer.answersAfter(4000, () => Response.json(SET));
    const asking = jwksAt(issuer.url);
    await vi.advanceTimersByTimeAsync(4000);
    expect(await asking).toEqual(SET);
    issuer.answer = async () => Response.json(NEWER);
    vi.setSystemTime(10 * MINUTE - 1);
    expect(await jwksAt(issuer.url)).toEqual(SET);
    vi.setSystemTime(10 * MINUTE);
    expect(await jwksAt(issuer.url)).toEqual(NEWER);
  });

  test("ends after an hour, also while the next fetch must wait", async () => {
    await jwksAt(issuer.url);
    vi.setSystemTime(60 * MINUTE - 1000);
    issuer.fails();
    expect(await jwksAt(issuer.url)).toEqual(SET);
    vi.setSystemTime(60 * MINUTE - 1);
    expect(await jwksAt(issuer.url)).toEqual(SET);
    vi.setSystemTime(60 * MINUTE);
    expect(await jwksAt(issuer.url)).toBeNull();
    expect(issuer.asked).toHaveLength(2);
    // No set is known any more, so none is stale.
    vi.setSystemTime(60 * MINUTE + 1000);
    expect(await jwksAt(issuer.url)).toBeNull();
    expect(issuer.logged.filter((entry) => (entry as { event: string }).event === "jwks_stale")).toHaveLength(1);
  });

  test("of a failure counts from its end", async () => {
    issuer.hangs();
    const asking = jwksAt(issuer.url);
    await vi.advanceTimersByTimeAsync(5000);
    await asking;
    vi.setSystemTime(6999);
    expect(await jwksAt(issuer.url)).toBeNull();
    expect(issuer.asked).toHaveLength(1);
    issuer.answer = async () => Response.json(SET);
    vi.setSystemTime(7000);
    expect(await jwksAt(issuer.url)).toEqual(SET);
  });
});
