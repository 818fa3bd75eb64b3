import { describe, expect, test } from "vitest";
import { echo, mayBeEchoed } from "../../../src/http/echo.ts";

function echoed(stored: Record<string, string>, names: readonly string[], request: Record<string, string>) {
  const fields = new Headers(stored);
  // Node.js has no values beyond Latin-1, and the runtime has.
  const headers = { get: (name: string) => request[name] ?? null } as Headers;
  echo(fields, names, headers);
  return Object.fromEntries(fields);
}

describe("6.1.5 repeated headers", () => {
  const names = ["request-id", "x-trace"];

  test("have the values of the request", () => {
    const stored = { "request-id": "r1", "content-type": "text/plain" };
    expect(echoed(stored, names, { "request-id": "r2", "x-trace": "t", "x-other": "o" })).toEqual({
      "request-id": "r2",
      "x-trace": "t",
      "content-type": "text/plain",
    });
  });

  test("are absent where the request has none, or one that can't be read", () => {
    const stored = { "request-id": "r1", "x-trace": "t1" };
    expect(echoed(stored, names, { "x-trace": "a\u{FFFD}" })).toEqual({});
  });

  test.each(["request-id", "x-request-id", "x-fapi-interaction-id", "traceparent", "x-correlation-id"])(
    "may be %s",
    (name) => expect(mayBeEchoed(name)).toBe(true),
  );

  test.each([
    "authorization",
    "idempotent-replayed",
    "preference-applied",
    "server-timing",
    "cookie",
    "set-cookie",
    "content-type",
    "content-length",
    "transfer-encoding",
    "connection",
    "location",
    "date",
    "age",
    "retry-after",
    "x-should-retry",
    "idempotency-key",
    "idempotency-status",
    "access-control-allow-origin",
    "oncegate-outcome",
    "proxy-authorization",
    "x-forwarded-for",
    "host",
  ])("are never %s", (name) => expect(mayBeEchoed(name)).toBe(false));
});
