/** One key over real HTTP: what is sent with it, what comes back, and the history for the invariants. */

import { randomUUID } from "node:crypto";
import { type Answer, type Ask, type Exchange, header, open } from "../../conformance/client.ts";
import { type Event, type Rules, type Seen, violationsOf } from "../workerd/invariants.ts";

export class KeyedClient {
  readonly key = randomUUID();
  readonly history: Event[] = [];
  readonly path: string;
  readonly #base: URL;
  readonly #ask: Partial<Ask>;
  readonly #padding: string;

  /** `bodyBytes` is about the size of each request's body. */
  constructor(base: URL, path: string, ask: Partial<Ask> = {}, bodyBytes = 0) {
    this.path = path;
    this.#base = base;
    this.#ask = ask;
    this.#padding = "x".repeat(bodyBytes);
  }

  open(body: Seen["body"] = "same"): Exchange {
    const json = JSON.stringify({ amount: body === "same" ? 1 : 2, padding: this.#padding });
    return open(this.#base, this.path, { key: this.key, json, ...this.#ask });
  }

  /** The bytes of the same request, for those who write them themselves. */
  get raw(): { readonly head: string; readonly body: string } {
    const body = JSON.stringify({ amount: 1, padding: this.#padding });
    const fields = [
      `host: ${this.#ask.host ?? this.#base.host}`,
      "content-type: application/json",
      "authorization: Bearer conformance",
    ];
    const lines = [`POST ${this.path} HTTP/1.1`, ...fields, `idempotency-key: ${this.key}`];
    return { head: `${lines.join("\r\n")}\r\n`, body };
  }

  async ask(body: Seen["body"] = "same"): Promise<Seen> {
    return this.see(await this.open(body).answer, body);
  }

  /** Takes down an answer. */
  see(answer: Answer, body: Seen["body"] = "same"): Seen {
    const seen = seenOf(answer, body);
    this.history.push({ what: "answered", ...seen });
    return seen;
  }

  /** Whether the origin may have executed the request. */
  get mayHaveRun(): boolean {
    return this.history.some((event) => event.what === "received" && event.ran);
  }

  /** What everybody does after a fault: sends other bodies and the same one. Returns the answer to the retry. */
  async aftermath(): Promise<Seen> {
    this.history.push({ what: "healed" });
    if (this.mayHaveRun) await this.ask("other");
    const retry = await this.ask();
    await this.ask("other");
    await this.ask();
    return retry;
  }

  violations(rules: Partial<Rules> = {}): string[] {
    return violationsOf(this.history, { onUnknown: "refuse", maxAttempts: 3, keepsAnswer: true, ...rules });
  }
}

function seenOf(answer: Answer, body: Seen["body"] = "same"): Seen {
  const { status, complete } = answer;
  const text = complete ? answer.body.toString("latin1") : null;
  const isProblem = header(answer, "content-type") === "application/problem+json";
  const code = isProblem && text !== null ? (JSON.parse(text) as { code: string }).code : null;
  const mark = header(answer, "idempotency-status")?.split(";")[0] ?? null;
  return { body, status, mark, code, content: text };
}
