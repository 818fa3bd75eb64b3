// What a check gets: paths and keys of its own, a client, and the origin.

import { randomUUID } from "node:crypto";
import { bounded } from "./bounded.ts";
import { type Answer, type Ask, type Exchange, open, type Sending } from "./client.ts";
import { tellsItsRun } from "./origin-answers.ts";
import { type OriginAnswer, type ScriptedOrigin } from "./origin.ts";
import { connectRaw, type RawConnection } from "./raw-client.ts";
import { type Need, prefixOf } from "./tenants.ts";

/** What is under test, and what the suite may know of it beyond its URL. */
export type Target = {
  readonly url: URL;
  readonly origin: ScriptedOrigin;
  readonly sending?: Sending;
  /** The value that names another caller than that of `sending`. */
  readonly otherCaller?: string;
  /** A second instance that serves only `only.example.test`. */
  readonly urlWithoutCatchAll?: () => Promise<URL>;
  /** Kills the implementation as a crash would, and starts it again with what it had stored. */
  readonly crash?: () => Promise<void>;
  /** Everything the implementation has logged so far. */
  readonly log?: () => string;
};

export type Context = Target & {
  /** A fresh path under the prefix of the check's policy, or another one; the origin answers with its run there. */
  readonly path: (prefix?: string, suffix?: string) => string;
  /** A fresh path that the origin answers with these, in turn; the last one again and again. */
  readonly scripted: (...answers: readonly OriginAnswer[]) => string;
  readonly key: () => string;
  readonly send: (path: string, ask?: Ask) => Promise<Answer>;
  readonly open: (path: string, ask?: Ask) => Exchange;
  readonly raw: () => Promise<RawConnection>;
  /** Opens a request that joins the running one, and returns once it has very probably been taken. */
  readonly join: (path: string, ask: Ask) => Promise<Exchange>;
};

export function contextFor(target: Target, needs: Need | undefined): Context {
  const { origin, url, sending } = target;
  const path = (prefix = prefixOf(needs), suffix = ""): string => {
    const fresh = `${prefix}/${randomUUID()}${suffix}`;
    origin.on(fresh, tellsItsRun);
    return fresh;
  };
  const send = (path: string, ask: Ask = {}): Promise<Answer> => open(url, path, ask, sending).answer;
  return {
    ...target,
    path,
    scripted: (...answers) => {
      const fresh = path();
      origin.on(fresh, ...answers);
      return fresh;
    },
    key: () => randomUUID(),
    send,
    open: (path, ask = {}) => open(url, path, ask, sending),
    raw: () => connectRaw(url),
    join: async (path, ask) => {
      const joiner = open(url, path, ask, sending);
      await joiner.written;
      // Nothing outside shows that a request waits. Requests sent after it that have been refused by now do as well as
      // can be: they went the same way, and each one only after the joiner's last byte.
      for (let probe = 0; probe < 2; probe += 1) {
        const asked = send(path, { ...ask, headers: [...(ask.headers ?? []), ["Prefer", "wait=0"]] });
        await bounded(asked, 5000, "a probe with Prefer: wait=0").catch(() => undefined);
      }
      return joiner;
    },
  };
}
