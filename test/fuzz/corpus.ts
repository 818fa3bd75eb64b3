/** What was found, as files: bytes, and what must come of them. A file's name is its hostname. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { breachesIn } from "./judge.ts";
import { KEY_SETS, type Received, fieldOf } from "./origin.ts";
import { type Rig } from "./rig.ts";
import { type Answer, exchange } from "./wire.ts";

const FOLDER = join(import.meta.dirname, "corpus");

/** Latin-1 text, one character for each byte; `{host}` is the file's hostname. Long runs are written short. */
type Piece = string | { readonly repeat: string; readonly times: number };

interface Expected {
  /** Of each answer on the connection, in their order. */
  readonly statuses: readonly number[];
  /** Of the first: a problem's code, or the word of `Idempotency-Status`. */
  readonly code?: string;
  readonly mark?: string;
  /** A bound for what would take many times as long if it were read again and again. */
  readonly withinMs?: number;
  /** How many requests the origin gets, requests for key sets included. */
  readonly forwarded?: number;
  /** Fields of the last of them: values, or null for what must not be there. */
  readonly fields?: Readonly<Record<string, string | null>>;
}

interface Written {
  readonly about: string;
  /** Its settings; `{origin}` is the address of the origin. */
  readonly tenant: Readonly<Record<string, unknown>>;
  readonly exchanges: readonly { readonly send: readonly Piece[]; readonly expect: Expected }[];
}

export interface Find extends Written {
  readonly host: string;
}

export function readCorpus(): Find[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith(".json"));
  return files.toSorted().map((file) => {
    const { about, tenant, exchanges } = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Written;
    return { host: `${file.replace(/\.json$/, "")}.test`, about, tenant, exchanges };
  });
}

export function corpusTenants(finds: readonly Find[], origin: string): Record<string, Record<string, unknown>> {
  const settings = finds.map(({ host, tenant }): [string, Record<string, unknown>] => {
    const written = JSON.stringify({ origin: "{origin}", wait: "2s", origin_timeout: "8s", ...tenant });
    return [host, JSON.parse(written.replaceAll("{origin}", origin)) as Record<string, unknown>];
  });
  return Object.fromEntries(settings);
}

/** What differs from what must come; empty if all is right. */
export async function replay({ host, exchanges }: Find, rig: Rig): Promise<string[]> {
  const wrong: string[] = [];
  for (const [index, { send, expect }] of exchanges.entries()) {
    const since = rig.origin.received.length;
    const sent = bytesOf(send, host);
    const start = performance.now();
    const came = await exchange(rig.url, [sent]);
    const elapsedMs = performance.now() - start;
    const found = [...breachesIn(sent, came), ...differences(came.answers, expect)];
    if (elapsedMs > (expect.withinMs ?? Infinity)) found.push(`took ${elapsedMs.toFixed(0)} ms`);
    found.push(...differencesAtOrigin(rig.origin.received.slice(since), expect));
    wrong.push(...found.map((one) => `request ${index + 1}: ${one}`));
  }
  return wrong;
}

function bytesOf(pieces: readonly Piece[], host: string): Buffer {
  const texts = pieces.map((piece) => (typeof piece === "string" ? piece : piece.repeat.repeat(piece.times)));
  return Buffer.from(texts.join("").replaceAll("{host}", host), "latin1");
}

function differences(answers: readonly Answer[], { statuses, code, mark }: Expected): string[] {
  const [first] = answers;
  const codeSeen = /"code":"(\w+)"/.exec(first?.body ?? "")?.[1] ?? null;
  const markSeen = first?.fields.get("idempotency-status")?.split(";")[0] ?? null;
  return [
    ...different("statuses", answers.map(({ status }) => status).join(), statuses.join()),
    ...(code === undefined ? [] : different("code", codeSeen, code)),
    ...(mark === undefined ? [] : different("mark", markSeen, mark)),
  ];
}

function differencesAtOrigin(received: readonly Received[], { forwarded, fields = {} }: Expected): string[] {
  const requests = received.map(
    ({ method, target }) => `${method} ${target.startsWith(KEY_SETS) ? "a key set" : target}`,
  );
  const last = received.at(-1);
  const found = Object.entries(fields).flatMap(([name, value]) =>
    different(name, last === undefined ? "no request" : fieldOf(last, name), value),
  );
  if (forwarded === undefined || forwarded === received.length) return found;
  return [...found, `the origin got ${JSON.stringify(requests)}, not ${forwarded}`];
}

function different(what: string, seen: string | null, expected: string | null): string[] {
  return seen === expected ? [] : [`${what} ${JSON.stringify(seen)}, not ${JSON.stringify(expected)}`];
}
