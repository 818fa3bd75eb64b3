/** The gateway on the bare runtime in front of an origin that repeats what it gets. */

import { randomUUID } from "node:crypto";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { breachesIn, secondExecutions } from "./judge.ts";
import { BUSY, type EchoOrigin, startEchoOrigin } from "./origin.ts";
import { tenantsAt } from "./tenants.ts";
import { type Exchange, exchange } from "./wire.ts";

export interface Rig {
  readonly origin: EchoOrigin;
  readonly url: URL;
  readonly stop: () => Promise<void>;
  /** Judged so far: runs of a property, and what they sent. */
  runs: number;
  messages: number;
}

type Tenants = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export async function startRig(more: (origin: string) => Tenants = () => ({})): Promise<Rig> {
  const origin = await startEchoOrigin();
  const address = `http://127.0.0.1:${origin.port}`;
  const gateway: Gateway = await startGateway({ ...tenantsAt(address), ...more(address) });
  return {
    origin,
    url: gateway.url,
    runs: 0,
    messages: 0,
    stop: async () => {
      await gateway.stop();
      await origin.stop();
    },
  };
}

/** A text that no other run has: keys and paths are made of it. */
export function newRun(): string {
  return `r${randomUUID().replaceAll("-", "").slice(0, 16)}`;
}

/** Every breach in what was sent, and in what the origin has received since it had `since` requests; and whether the gateway lives. */
export async function verdict(
  rig: Rig,
  since: number,
  exchanged: readonly (readonly [sent: Buffer, came: Exchange])[],
): Promise<string[]> {
  rig.runs++;
  rig.messages += exchanged.length;
  const found = exchanged.flatMap(([sent, came]) => breachesIn(sent, came));
  found.push(...secondExecutions(rig.origin.received.slice(since), ({ target }) => target.includes(BUSY)));
  const alive = await plainRequest(rig);
  return alive === null ? found : [...found, alive];
}

/** Null if the gateway answers a plain request, and what it does instead otherwise. */
async function plainRequest({ url }: Rig): Promise<string | null> {
  const sent = Buffer.from(`GET /alive HTTP/1.1\r\nHost: auth.test\r\nConnection: close\r\n\r\n`);
  const { answers, rest } = await exchange(url, [sent]);
  return answers[0]?.status === 201 ? null : `a plain request got ${JSON.stringify(answers[0] ?? rest)}`;
}
