/** An issuer of tokens whose keys are fetched, with a clock that tests move. */

import { afterEach, beforeEach, expect, vi } from "vitest";

export const SET = { keys: [{ kty: "EC", kid: "1" }] };
export const NEWER = { keys: [{ kty: "EC", kid: "2" }] };
export const MINUTE = 60_000;

export class IssuerStub {
  url = "";
  asked: (RequestInit | undefined)[] = [];
  /** Without the version in each line. */
  logged: unknown[] = [];
  answer: () => Promise<Response> = async () => Response.json(SET);

  fails(): void {
    this.answer = () => Promise.reject(new Error("Network connection lost."));
  }

  hangs(): void {
    this.answer = () => new Promise<Response>(() => {});
  }

  answersAfter(ms: number, make: () => Response): void {
    this.answer = () => new Promise((resolve) => setTimeout(() => resolve(make()), ms));
  }

  /** What is logged of a fetch that has failed. */
  unavailable(why: unknown): object {
    return { event: "jwks_unavailable", url: this.url, why };
  }

  reset(): void {
    Object.assign(this, new IssuerStub(), { url: `https://issuer.test/${crypto.randomUUID()}` });
  }
}

/** One for the tests of a file. Each begins with a new address, of which no key is known. */
export function stubIssuer(): IssuerStub {
  const issuer = new IssuerStub();
  beforeEach(() => {
    vi.useFakeTimers({ now: 0 });
    issuer.reset();
    vi.spyOn(console, "warn").mockImplementation((line: string) => {
      const { version, ...entry } = JSON.parse(line) as Record<string, unknown>;
      expect(version).toBeNull();
      issuer.logged.push(entry);
    });
    vi.spyOn(globalThis, "fetch").mockImplementation((_, init) => {
      issuer.asked.push(init);
      return issuer.answer();
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  return issuer;
}
