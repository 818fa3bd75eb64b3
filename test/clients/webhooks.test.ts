import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause, signal } from "../conformance/bounded.ts";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { secretsNamedBy } from "../support/secrets.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { tenantsIn } from "./recipes/page.ts";
import { answersOf } from "./recipes/recipe.ts";
import { type Receiver, startReceiver } from "./webhooks/receiver.ts";
import { type Delivery, type Sender, SENDERS } from "./webhooks/senders.ts";

const HOST = "hooks.example.com";
const TOKEN = "a-long-token-of-an-operator-of-the-tests";

/** Nothing shows that a delivery has begun to wait, so it gets the time to. */
const JOIN_MS = 300;

let receiver: Receiver;
let gateway: Gateway;
const networks: FaultProxy[] = [];

beforeAll(async () => {
  receiver = await startReceiver();
  const { [HOST]: entry, ...others } = tenantsIn("webhooks.md");
  expect(others).toEqual({});
  gateway = await startGateway({ [HOST]: { ...entry, origin: receiver.url } }, undefined, {
    OPERATOR_TOKEN: TOKEN,
    SECRETS: JSON.stringify(secretsNamedBy({})),
  });
});

afterAll(async () => {
  await Promise.all(networks.map((network) => network.stop()));
  await gateway.stop();
  await receiver.stop();
});

/** Where events of `sender` go, through a network that has `faults`. */
async function endpointOf(sender: Sender, faults: readonly Fault[] = [], { url } = gateway) {
  const network = await startFaultProxy(url, HOST, faults);
  networks.push(network);
  const id = randomUUID();
  const send = async ({ headers, body }: Delivery): Promise<string> => {
    const response = await fetch(network.url + sender.path, { method: "POST", headers, body });
    return `${response.status} ${await response.text()}`;
  };
  return {
    id,
    network,
    event: receiver.event(id),
    send,
    /** The n-th try, as far as the sender sees it. */
    tries: (count: number) => send(sender.deliver(id, count)),
  };
}

describe.each(SENDERS)("$name:", (sender) => {
  test("each try is signed anew, and for the same event", () => {
    const [first, second] = [1, 2].map((tries) => sender.deliver("evt_1", tries));
    for (const { headers, body } of [first, second].filter((one) => one !== undefined)) {
      expect(sender.verify(headers, body)).toBe("evt_1");
      expect(() => sender.verify(headers, `${body} `)).toThrow(/signature/iu);
    }
    // GitHub alone sends the same again.
    expect(JSON.stringify(first) === JSON.stringify(second)).toBe(sender.name === "GitHub");
  });

  test("a duplicate is handled once and gets the kept answer", async () => {
    const { tries, event, network } = await endpointOf(sender, [{ what: "loses the answer" }]);
    await expect(tries(1)).rejects.toThrow("fetch failed");
    expect([await tries(2), await tries(3)]).toEqual(["200 handled 1", "200 handled 1"]);
    expect(answersOf(network)).toEqual(["executed", "replayed", "replayed"]);
    expect(event.handled).toBe(1);
  });

  test("a concurrent duplicate gets the answer of the first", async () => {
    const { tries, event, network } = await endpointOf(sender);
    const [begun, released] = [signal(), signal()];
    event.script.push({ does: "works", begun, released: released.given });
    const first = tries(1);
    await begun.given;
    const second = tries(2);
    await network.passedOn(2);
    await pause(JOIN_MS);
    released.give();
    expect(await Promise.all([first, second])).toEqual(["200 handled 1", "200 handled 1"]);
    expect(answersOf(network).toSorted()).toEqual(["executed", "joined"]);
    expect(event.handled).toBe(1);
  });

  test("a sender that leaves before the answer gets it with its next try", async () => {
    const begun = signal();
    const { tries, event, network } = await endpointOf(sender, [{ what: "resets", when: begun.given }]);
    const released = signal();
    event.script.push({ does: "works", begun, released: released.given });
    await expect(tries(1)).rejects.toThrow("fetch failed");
    released.give();
    expect(await tries(2)).toBe("200 handled 1");
    expect(answersOf(network)[0]).toBe("none");
    expect(event.handled).toBe(1);
  });

  test("an event whose first handling fails is handled when it comes again", async () => {
    const { tries, event, network } = await endpointOf(sender);
    event.script.push({ does: "fails" }, { does: "fails" });
    expect([await tries(1), await tries(2)]).toEqual(["500 rolled back", "500 rolled back"]);
    expect([await tries(3), await tries(4)]).toEqual(["200 handled 1", "200 handled 1"]);
    expect(answersOf(network)).toEqual(["500 released", "500 released", "executed", "replayed"]);
    expect(event.handled).toBe(1);
  });

  test("an event whose receiver dies is handled when it comes again", async () => {
    const { tries, event, network } = await endpointOf(sender);
    event.script.push({ does: "dies" }, { does: "dies" }, { does: "fails" }, { does: "dies" }, { does: "dies" });
    for (const count of [1, 2, 4, 5]) {
      expect(await tries(count)).toMatch(/^502 .*origin_unreachable/);
      if (count === 2) expect(await tries(3)).toBe("500 rolled back");
    }
    expect([await tries(6), await tries(7)]).toEqual(["200 handled 1", "200 handled 1"]);
    expect(answersOf(network).slice(-2)).toEqual(["executed", "replayed"]);
    expect(event.handled).toBe(1);
  });

  test("a forged delivery does not take the place of the event", async () => {
    const { tries, send, id, event } = await endpointOf(sender);
    const forged = sender.deliver(id, 1);
    const headers = Object.entries(forged.headers).map(([name, value]) => [
      name,
      /signature|hmac/.test(name) ? value.replaceAll(/[a-f]/g, "0") : value,
    ]);
    expect(await send({ headers: Object.fromEntries(headers), body: forged.body })).toBe(
      "401 the signature is not valid",
    );
    expect(await tries(2)).toBe("200 handled 1");
    expect(event.handled).toBe(1);
  });

  test("a handled event is redelivered on purpose once its record is released", async () => {
    const { tries, id, event } = await endpointOf(sender);
    expect(await tries(1)).toBe("200 handled 1");
    expect(await tries(2)).toBe("200 handled 1");
    await release(sender, id);
    expect([await tries(3), await tries(4)]).toEqual(["200 handled 2", "200 handled 2"]);
    expect(event.handled).toBe(2);
  });
});

test("an event whose gateway dies while it is handled is handled again", async ({ onTestFinished }) => {
  const [sender] = SENDERS;
  if (sender === undefined) throw new Error("there is no sender");
  const { [HOST]: entry } = tenantsIn("webhooks.md");
  const dying = await startGateway({ [HOST]: { ...entry, origin: receiver.url } });
  onTestFinished(() => dying.stop());
  const { tries, event } = await endpointOf(sender, [], dying);
  const [begun, released] = [signal(), signal()];
  event.script.push({ does: "works", begun, released: released.given });
  // The proxy keeps the sender waiting until the test ends.
  tries(1).catch(() => undefined);
  await begun.given;
  await dying.restart();
  released.give();
  // Its effect is there twice: at least once.
  expect([await tries(2), await tries(3)]).toEqual(["200 handled 2", "200 handled 2"]);
  expect(event.handled).toBe(2);
});

/** As an operator does it. */
async function release(sender: Sender, id: string): Promise<void> {
  const network = await startFaultProxy(gateway.url, HOST, []);
  networks.push(network);
  const call = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const init = { method: "POST", headers, body: JSON.stringify(body) };
    const response = await fetch(`${network.url}/_oncegate/v1/records/${path}`, init);
    expect(response.status).toBe(200);
    return (await response.json()) as Record<string, unknown>;
  };
  const found = await call("find", { operation: `POST ${sender.path}`, headers: {}, key: sender.keyOf(id) });
  await call(`${String(found["id"])}/release`, { why: "the handler had a fault" });
}
