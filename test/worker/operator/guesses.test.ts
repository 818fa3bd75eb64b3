import { env } from "cloudflare:workers";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { HOST, clientOf, problemOf } from "../../support/gateway.ts";
import { TOKEN } from "../../support/operator.ts";

const EDGE = { EDGE: "cloudflare", OPERATOR_TOKEN: TOKEN };
const API = `https://${HOST}/_oncegate/v1/openapi.json`;
const SIGN_IN = `https://${HOST}/_oncegate/sign-in`;

function gatewayOf(fields: Record<string, unknown> = {}) {
  const client = clientOf(fields, {}, EDGE);
  const from = (address: string) => ({ "cf-connecting-ip": address });
  return {
    ask: (token: string, address: string) =>
      client.fetch(API, { headers: { authorization: `Bearer ${token}`, ...from(address) } }),
    signIn: (token: string, address: string) =>
      client.fetch(SIGN_IN, { method: "POST", headers: from(address), body: new URLSearchParams({ token }) }),
  };
}

/** The lines of the log about refused operators. */
function watchLog() {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  onTestFinished(() => warn.mockRestore());
  return () =>
    warn.mock.calls
      .map(([line]) => JSON.parse(String(line)) as Record<string, string>)
      .filter(({ event }) => event === "operator_refused");
}

/** Stops the clock that guesses are judged by, so that a slow machine does not open the network meanwhile. Waits still pass. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
}

describe("O1.5 guessing an operator's token", () => {
  test.each(["api", "console"] as const)("is slowed and logged, 300 at once: %s", async (where) => {
    const lines = watchLog();
    stopClock();
    const { ask, signIn } = gatewayOf();
    const send = where === "api" ? ask : signIn;
    const startMs = performance.now();
    const responses = await Promise.all(Array.from({ length: 300 }, (_, n) => send(`guess-${n}`, "192.0.2.7")));
    const compared = responses.filter(({ status }) => status === (where === "api" ? 401 : 403));
    expect(compared).toHaveLength(5);
    expect(responses.filter(({ status }) => status === 429)).toHaveLength(295);
    // The fifth is answered after 250 ms, doubled four times.
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(4000);
    expect(lines()).toHaveLength(300);
    expect(lines().filter(({ why }) => why === "token")).toHaveLength(5);
    expect(new Set(lines().map(({ hostname, where }) => `${hostname} ${where}`))).toEqual(
      new Set([`${HOST} ${where}`]),
    );
    expect(JSON.stringify(lines())).not.toContain("guess-");
  });

  test("locks out its own network for some seconds, and no other", async () => {
    const lines = watchLog();
    stopClock();
    const { ask, signIn } = gatewayOf();
    const guesses = Array.from({ length: 5 }, () => ask("guess", "2001:db8:1:2::1"));
    await vi.waitUntil(() => lines().length === 5);
    const here = await ask(TOKEN, "2001:db8:1:2::2");
    expect([await problemOf(here), here.headers.get("retry-after")]).toEqual(["429 too_many_attempts", "1"]);
    expect((await ask(TOKEN, "2001:db8:1:3::2")).status).toBe(200);
    expect((await signIn(TOKEN, "192.0.2.8")).status).toBe(303);
    vi.setSystemTime(Date.now() + 1000);
    expect((await ask(TOKEN, "2001:db8:1:2::2")).status).toBe(200);
    expect((await Promise.all(guesses)).map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
  });

  test("is counted by the tenant's rate limit, which closes the network for its period", async () => {
    watchLog();
    stopClock();
    const few = Reflect.get(env, "FEW_REQUESTS") as RateLimit;
    const asked: string[] = [];
    const spy = vi.spyOn(few, "limit").mockImplementation(({ key }) => {
      asked.push(key);
      return Promise.resolve({ success: false });
    });
    onTestFinished(() => spy.mockRestore());
    const { ask } = gatewayOf({ rate_limit: { binding: "FEW_REQUESTS", retry_after: "10s" } });
    expect((await ask(TOKEN, "192.0.2.9")).status).toBe(200);
    expect(asked).toEqual([]);
    expect(await problemOf(await ask("guess", "192.0.2.9"))).toBe("401 unauthorized");
    const refused = await ask(TOKEN, "192.0.2.9");
    expect([await problemOf(refused), refused.headers.get("retry-after")]).toEqual(["429 too_many_attempts", "10"]);
    expect((await ask(TOKEN, "192.0.2.10")).status).toBe(200);
    expect(asked).toEqual([`operators ${HOST} 192.0.2.9`]);
  });

  test("is no request without a token", async () => {
    const lines = watchLog();
    const client = clientOf({}, {}, EDGE);
    const headers = [{}, { authorization: "Basic YTpi" }, { authorization: "Bearer " }];
    for (const one of headers) expect((await client.fetch(API, { headers: one as HeadersInit })).status).toBe(401);
    expect(lines()).toEqual([]);
  });
});
