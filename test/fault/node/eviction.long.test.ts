/**
 * The runtime erases an object 70 to 140 s after its last client has left, whatever the object still does. Each test here
 * takes the real time: all of them run side by side, in about three minutes.
 */

import { type IncomingMessage } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause } from "../../conformance/bounded.ts";
import { nameOf } from "../workerd/invariants.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { KeyedClient } from "./keyed-client.ts";
import { type SlowOrigin, startSlowOrigin } from "./slow-origin.ts";

/** Beyond the longest time that the runtime keeps an object without a client. */
const LONG_SECONDS = 160;

const MINUTES = 60_000;

/** More than the buffers between the object and a client that does not read. */
const LARGE_MEGABYTES = 40;

let origin: SlowOrigin;
let gateway: Gateway;

beforeAll(async () => {
  origin = await startSlowOrigin();
  const tenant = { origin: `http://127.0.0.1:${origin.port}`, caller: [], wait: "60s", origin_timeout: "10m" };
  // A client that takes nothing for longer than `idle_timeout` is cut.
  const large = { max_response_bytes: LARGE_MEGABYTES * 1_000_000, idle_timeout: "5m" };
  gateway = await startGateway({
    "*": tenant,
    "large.test": { ...tenant, ...large },
    "retry.test": { ...tenant, origin_timeout: "5s", on_unknown: "retry" },
    "deadline.test": { ...tenant, origin_timeout: "5s", origin_deadline: `${LONG_SECONDS}s` },
  });
});

afterAll(async () => {
  await gateway.stop();
  await origin.stop();
});

/** Sends the request, and breaks the connection off once the origin has it. */
async function sendAndLeave(client: KeyedClient): Promise<void> {
  const exchange = client.open();
  await pause(1000);
  exchange.hangUp();
}

describe.concurrent("an object without a request for minutes", () => {
  test(
    "goes on with an attempt whose client has left, and a retry gets its answer",
    async () => {
      const client = new KeyedClient(gateway.url, `/answer/${LONG_SECONDS}/client`);
      await sendAndLeave(client);
      await pause((LONG_SECONDS + 5) * 1000);
      expect(origin.requests(client.path)).toEqual([{ method: "POST", cutAfterMs: null }]);
      expect(nameOf(await client.ask())).toBe("replayed");
      expect(origin.requests(client.path)).toHaveLength(1);
    },
    5 * MINUTES,
  );

  test(
    "goes on with an attempt whose joiners have left too",
    async () => {
      const client = new KeyedClient(gateway.url, `/answer/${LONG_SECONDS}/joiners`);
      await sendAndLeave(client);
      await Promise.all([sendAndLeave(client), sendAndLeave(client), sendAndLeave(client)]);
      await pause((LONG_SECONDS + 5) * 1000);
      expect(origin.requests(client.path)).toEqual([{ method: "POST", cutAfterMs: null }]);
      expect(nameOf(await client.ask())).toBe("replayed");
    },
    5 * MINUTES,
  );

  test(
    "records a stream without a reader to its end",
    async () => {
      const client = new KeyedClient(gateway.url, `/stream/${LONG_SECONDS}/stream`);
      await sendAndLeave(client);
      await pause((LONG_SECONDS + 10) * 1000);
      expect(origin.requests(client.path)).toEqual([{ method: "POST", cutAfterMs: null }]);
      const retry = await client.ask();
      expect(nameOf(retry)).toBe("replayed");
      expect(retry.content).toMatch(/^data: begin\n\n(data: more\n\n)+data: end\n\n$/);
    },
    5 * MINUTES,
  );

  test(
    "lets a retry after a 504 join the attempt, where on_unknown = retry",
    async () => {
      const client = new KeyedClient(gateway.url, `/answer/${LONG_SECONDS}/retry`, { host: "retry.test" });
      expect(nameOf(await client.ask())).toBe("504 origin_timeout");
      await pause((LONG_SECONDS - 15) * 1000);
      expect(nameOf(await client.ask())).toBe("joined");
      expect(origin.requests(client.path)).toEqual([{ method: "POST", cutAfterMs: null }]);
    },
    5 * MINUTES,
  );

  test(
    "runs an attempt until origin_deadline",
    async () => {
      const client = new KeyedClient(gateway.url, "/silent/0/deadline", { host: "deadline.test" });
      expect(nameOf(await client.ask())).toBe("504 origin_timeout");
      await pause((LONG_SECONDS + 5) * 1000);
      const [request] = origin.requests(client.path);
      expect(request?.cutAfterMs).toBeGreaterThanOrEqual(LONG_SECONDS * 1000 - 1000);
      expect(nameOf(await client.ask())).toBe("409 outcome_unknown");
    },
    5 * MINUTES,
  );

  test(
    "gives the rest of a kept answer to a client that stopped reading it",
    async () => {
      const client = new KeyedClient(gateway.url, `/large/${LARGE_MEGABYTES}/reader`, { host: "large.test" });
      expect(nameOf(await client.ask())).toBe("executed");
      const response = await new Promise<IncomingMessage>((resolve) => client.open().request.once("response", resolve));
      response.pause();
      await pause(LONG_SECONDS * 1000);
      let bytes = 0;
      for await (const chunk of response) bytes += (chunk as Buffer).byteLength;
      expect(bytes).toBe(LARGE_MEGABYTES * 1_000_000);
    },
    5 * MINUTES,
  );
});
