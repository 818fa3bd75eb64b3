/** What a key must do, said again as simply as possible. It shares nothing with src but the words. */

export type OriginAnswer = "ok" | "not executed" | "bad gateway" | "reset";

interface Policy {
  readonly retries: boolean;
  readonly maxAttempts: number;
  readonly ttlMs: number;
  readonly unknownTtlMs: number;
  /** 0 where keys are not remembered. */
  readonly rememberMs: number;
}

type Kept =
  | {
      readonly is: "answered";
      readonly caller: string;
      readonly body: string;
      readonly content: string;
      readonly endsMs: number;
    }
  | {
      readonly is: "unknown";
      readonly caller: string;
      readonly body: string;
      readonly attempts: number;
      readonly endsMs: number;
    }
  | { readonly is: "remembered"; readonly caller: string; readonly body: string; readonly endsMs: number };

export class ReferenceModel {
  executions = 0;
  #kept: Kept | null = null;

  readonly #policy: Policy;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  /** What `count` requests of `caller` at once are answered, the one that executes first. */
  requests(caller: string, body: string, count: number, answer: OriginAnswer | "crash", nowMs: number): string[] {
    this.#end(nowMs);
    const refusal = this.#refusal(caller, body);
    if (refusal !== null) return Array.from({ length: count }, () => refusal);
    const [first, joined] = this.#execute(caller, body, answer, nowMs);
    return [first, ...Array.from({ length: count - 1 }, () => joined)];
  }

  #end(nowMs: number): void {
    const kept = this.#kept;
    if (kept === null || nowMs < kept.endsMs) return;
    const { caller, body, is } = kept;
    const endsMs = kept.endsMs + (is === "remembered" ? 0 : this.#policy.rememberMs);
    this.#kept = nowMs < endsMs ? { is: "remembered", caller, body, endsMs } : null;
  }

  #refusal(caller: string, body: string): string | null {
    const kept = this.#kept;
    if (kept === null) return null;
    if (kept.caller !== caller) return "422 caller_changed";
    if (kept.body !== body) return "422 key_reused";
    if (kept.is === "remembered") return "409 key_expired";
    if (kept.is === "answered") return `replayed ${kept.content}`;
    if (!this.#policy.retries) return "409 outcome_unknown";
    return kept.attempts >= this.#policy.maxAttempts ? "409 attempts_exhausted" : null;
  }

  #execute(
    caller: string,
    body: string,
    answer: OriginAnswer | "crash",
    nowMs: number,
  ): [first: string, joined: string] {
    const content = `#${++this.executions}`;
    const before = this.#kept;
    if (answer === "ok") {
      this.#kept = { is: "answered", caller, body, content, endsMs: nowMs + this.#policy.ttlMs };
      return [`executed ${content}`, `joined ${content}`];
    }
    if (answer === "not executed") {
      const undone = `${before === null ? "released" : "unknown"} ${content}`;
      return [undone, undone];
    }
    const attempts = 1 + (before?.is === "unknown" ? before.attempts : 0);
    this.#kept = { is: "unknown", caller, body, attempts, endsMs: nowMs + this.#policy.unknownTtlMs };
    // After a crash the gateway looks, and says what the record says.
    const looked = this.#refusal(caller, body) ?? "409 outcome_unknown";
    const replies = { "bad gateway": `unknown ${content}`, reset: "502 origin_unreachable", crash: looked };
    return [replies[answer], replies[answer]];
  }
}
