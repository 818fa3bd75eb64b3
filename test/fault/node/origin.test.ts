import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nameOf } from "../workerd/invariants.ts";
import { count, printTallyAtEnd } from "../workerd/tally.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { KeyedClient } from "./keyed-client.ts";
import { ORIGIN_FAULTS } from "./origin-faults.ts";
import { type RawOrigin, listen, startRawOrigin } from "./raw-origin.ts";

printTallyAtEnd("origin");

const LARGE_BYTES = 900_000;
/** What a retry is answered when the first client's answer has left the record so. */
const RETRY = {
  unknown: { refuse: "409 outcome_unknown", retry: "executed" },
  completed: { refuse: "replayed", retry: "replayed" },
} as const;

/** Answer nothing at all to a connection. */
const doors = {
  resets: createServer((socket) => void socket.resetAndDestroy()),
  closes: createServer((s) => void s.end()),
};

let origin: RawOrigin;
let gateway: Gateway;
let paths = 0;

beforeAll(async () => {
  origin = await startRawOrigin();
  const settings = { caller: [], wait: "5s", routes: [{ match: "POST /retry/:n", on_unknown: "retry" }] };
  const at = (port: number) => ({ origin: `http://127.0.0.1:${port}`, ...settings });
  const closed = createServer();
  const closedPort = await listen(closed);
  await new Promise((resolve) => closed.close(resolve));
  gateway = await startGateway({
    "*": at(origin.port),
    "slow.test": { ...at(origin.port), origin_timeout: "200ms", origin_deadline: "500ms" },
    "refuses.test": at(closedPort),
    "resets.test": at(await listen(doors.resets)),
    "closes.test": at(await listen(doors.closes)),
  });
});

afterAll(async () => {
  await gateway.stop();
  await origin.stop();
  for (const door of Object.values(doors)) door.close();
});

describe.each(["refuse", "retry"] as const)("P1, P6: with on_unknown = %s an origin that", (onUnknown) => {
  test.each(ORIGIN_FAULTS)("$the, then $next", async ({ the, behaviour, answers, isLarge, isSlow }) => {
    const ask = isSlow ? { host: "slow.test" } : {};
    const client = new KeyedClient(gateway.url, `/${onUnknown}/${paths++}`, ask, isLarge ? LARGE_BYTES : 0);
    origin.on(client.path, client.history, behaviour);
    const first = nameOf(await client.ask());
    expect(Object.keys(answers)).toContain(first);
    // After our own 504 the attempt goes on, so this one hears how it ends.
    if (first === "504 origin_timeout") expect(nameOf(await client.ask())).toBe("409 outcome_unknown");
    const retry = nameOf(await client.aftermath());
    count(`the origin ${the}`, retry);
    expect(retry).toBe(RETRY[answers[first] ?? "unknown"][onUnknown]);
    expect(client.violations({ onUnknown })).toEqual([]);

    const next = new KeyedClient(gateway.url, `/${onUnknown}/${paths++}`);
    origin.on(next.path, next.history);
    expect(await next.ask()).toMatchObject({ status: 201, mark: "executed", content: "run 1" });
  });
});

describe.each(["refuses", "resets", "closes"])("P6: an origin that %s every connection", (how) => {
  test("with on_unknown = refuse leaves the outcome unknown, because it cannot be known", async () => {
    const client = new KeyedClient(gateway.url, `/refuse/${paths++}`, { host: `${how}.test` });
    expect(nameOf(await client.ask())).toBe("502 origin_unreachable");
    const retry = nameOf(await client.aftermath());
    count(`the origin ${how} every connection`, retry);
    expect([retry, client.violations()]).toEqual(["409 outcome_unknown", []]);
    expect(nameOf(await client.ask("other"))).toBe("422 key_reused");
  });

  test("with on_unknown = retry is tried three times and no more", async () => {
    const client = new KeyedClient(gateway.url, `/retry/${paths++}`, { host: `${how}.test` });
    const answers = [];
    for (let n = 0; n < 5; n++) answers.push(nameOf(await client.ask()));
    count(`the origin ${how} every connection`, answers[4] ?? "");
    const [unreachable, exhausted] = ["502 origin_unreachable", "409 attempts_exhausted"];
    expect(answers).toEqual([unreachable, unreachable, unreachable, exhausted, exhausted]);
    expect(nameOf(await client.ask("other"))).toBe("422 key_reused");
  });
});
