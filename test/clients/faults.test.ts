import { randomUUID } from "node:crypto";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pause } from "../conformance/bounded.ts";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { type Account, type ApiOrigin, type Behaviour, startApiOrigin, working } from "./api-origin.ts";
import { type Client, CLIENTS, type Ending } from "./clients.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

/** Far longer than anything here takes, so that no time-out comes unasked. */
const PATIENT_MS = 30_000;

/** Long enough for a busy machine to answer a retry within it. */
const IMPATIENT_MS = 5_000;

/** Nothing shows that a request has begun to wait, so it gets the time to. */
const JOIN_MS = 300;

/** Hosts by how they treat a retry while the original runs, and one that gives the origin little time. */
const WAITING = "waiting.example.com";
const REFUSING = "refusing.example.com";
const HASTY = "hasty.example.com";

/** One that makes keys for those who send none. */
const DERIVING = "deriving.example.com";

let origin: ApiOrigin;
let gateway: Gateway;

beforeAll(async () => {
  origin = await startApiOrigin();
  const key = { key: "required", key_from: ["Idempotency-Key", "/idempotency_key"] };
  const tenant = { origin: origin.url, caller: ["authorization"], ...key };
  gateway = await startGateway({
    [WAITING]: tenant,
    [REFUSING]: { ...tenant, in_flight: "refuse" },
    [HASTY]: { ...tenant, origin_timeout: "1s" },
    [DERIVING]: { ...tenant, key: "optional", derive_key: { window: "5m" } },
  });
});

afterAll(async () => {
  await gateway.stop();
  await origin.stop();
});

/** Those that repeat any status with `x-should-retry: true`. */
const FOLLOW_ADVICE: ReadonlySet<string> = new Set(["stripe", "resend", "openai", "axios-retry"]);

interface Situation {
  readonly faults?: readonly Fault[];
  readonly behaviours?: readonly Behaviour[];
  readonly host?: string;
  readonly timeoutMs?: number;
}

/** One customer of one client: a token, a network with its faults, and one key. */
async function meet(client: Client, situation: Situation): Promise<Customer> {
  const [token, key] = [randomUUID(), randomUUID()];
  const account = origin.account(token);
  account.behaviours.push(...(situation.behaviours ?? []));
  const network = await startFaultProxy(gateway.url, situation.host ?? WAITING, situation.faults ?? []);
  const call = client.connect(network.url, token, situation.timeoutMs ?? PATIENT_MS);
  const answers = (after = 0): string[] => network.exchanges.slice(after).map(({ answer }) => answer);
  return {
    network,
    account,
    key,
    answers,
    buy: async (amount = 1000) => {
      const before = network.exchanges.length;
      const ends = await call(amount, key).then(String, client.failure);
      return { ends, answers: answers(before) };
    },
  };
}

interface Customer {
  readonly network: FaultProxy;
  readonly account: Account;
  readonly key: string;
  /** What the gateway has answered to all its requests. */
  readonly answers: () => string[];
  /** One logical call. */
  readonly buy: (amount?: number) => Promise<Ending>;
}

/** P1, whatever has happened: one key, one execution. */
async function leavesOneExecution({ network, account, key }: Customer): Promise<void> {
  await network.stop();
  expect(new Set(network.exchanges.map((exchange) => exchange.key))).toEqual(new Set([key]));
  expect(account.executed).toBe(1);
}

describe.each(CLIENTS)("P1: with $name, one logical call is executed once,", (client) => {
  test("when the answer is lost after the execution", async () => {
    const customer = await meet(client, { faults: [{ what: "loses the answer" }] });
    expect(await customer.buy()).toEqual({ ends: client.bought, answers: ["executed", "replayed"] });
    await leavesOneExecution(customer);
  });

  test("when the request is lost", async () => {
    const customer = await meet(client, { faults: [{ what: "loses the request" }] });
    expect(await customer.buy()).toEqual({ ends: client.bought, answers: ["none", "executed"] });
    await leavesOneExecution(customer);
  });

  test("5.3: when the origin is busy at first", async () => {
    const customer = await meet(client, { behaviours: [{ does: "is busy" }] });
    expect(await customer.buy()).toEqual({ ends: client.bought, answers: ["503 released", "executed"] });
    await leavesOneExecution(customer);
  });

  test("4.3: when it times out while the original runs, and the retry joins it", async () => {
    const { behaviour, release } = working();
    const customer = await meet(client, { behaviours: [behaviour], timeoutMs: IMPATIENT_MS });
    const call = customer.buy();
    await customer.network.passedOn(2);
    await pause(JOIN_MS);
    release();
    expect(await call).toEqual({ ends: client.bought, answers: ["none", "joined"] });
    await leavesOneExecution(customer);
  });

  test("4.3: when its connection is reset while the original runs, and the retry joins it", async () => {
    const { behaviour, begun, release } = working();
    const customer = await meet(client, { behaviours: [behaviour], faults: [{ what: "resets", when: begun }] });
    const call = customer.buy();
    await customer.network.passedOn(2);
    await pause(JOIN_MS);
    release();
    expect(await call).toEqual({ ends: client.bought, answers: ["none", "joined"] });
    await leavesOneExecution(customer);
  });

  test("4.3.3: when it is called a second time while the original runs, and the gateway does not let that wait", async () => {
    const { behaviour, begun, release } = working();
    const customer = await meet(client, { behaviours: [behaviour], host: REFUSING });
    const original = customer.buy();
    await begun;
    const second = customer.buy();
    await customer.network.answered(1);
    release();
    expect((await original).ends).toBe(client.bought);
    expect({ ends: (await second).ends, answers: customer.answers() }).toEqual(client.stillInFlight);
    expect(await customer.buy()).toEqual({ ends: client.bought, answers: ["replayed"] });
    await leavesOneExecution(customer);
  });

  test("when the answer is cut in the middle of its body", async () => {
    const customer = await meet(client, { faults: [{ what: "cuts the answer" }] });
    expect(await customer.buy()).toEqual(client.answerIsCut);
    expect(await customer.buy()).toEqual({ ends: client.bought, answers: ["replayed"] });
    await leavesOneExecution(customer);
  });

  test("5.5: when it cannot be known whether it was executed, and it learns that", async () => {
    const customer = await meet(client, { behaviours: [{ does: "breaks off" }] });
    expect(await customer.buy()).toEqual(client.outcomeIsUnknown);
    expect(await customer.buy()).toEqual({ ends: "409 outcome_unknown", answers: ["409 outcome_unknown"] });
    await leavesOneExecution(customer);
  });

  test("5.4: when the origin answers after the gateway has given it up", async () => {
    const { behaviour, release } = working();
    const customer = await meet(client, { behaviours: [behaviour], host: HASTY });
    const first = customer.buy();
    // Those that repeat every 5xx, or follow the advice, do so within the first call.
    const repeats = client.outcomeIsUnknown.answers.length > 1 || FOLLOW_ADVICE.has(client.name);
    if (!repeats) expect((await first).ends).toBe("504 origin_timeout");
    const last = repeats ? first : customer.buy();
    await customer.network.passedOn(2);
    await pause(JOIN_MS);
    release();
    expect((await last).ends).toBe(client.bought);
    expect(customer.answers()).toEqual(["504 origin_timeout", "joined"]);
    await leavesOneExecution(customer);
  });

  test("P5: when its key comes with another request", async () => {
    const customer = await meet(client, {});
    expect(await customer.buy(1000)).toEqual({ ends: client.bought, answers: ["executed"] });
    expect(await customer.buy(2000)).toEqual({ ends: "422 key_reused", answers: ["422 key_reused"] });
    await leavesOneExecution(customer);
  });
});

describe("3.10: a client that sends no key", () => {
  test("executes once where a key is derived, though it retries by itself", async () => {
    const token = randomUUID();
    const network = await startFaultProxy(gateway.url, DERIVING, [{ what: "loses the answer" }]);
    const openai = new OpenAI({ apiKey: token, baseURL: `${network.url}/v1` });
    const { id } = await openai.responses.create({ model: "gpt-5", input: "What is a retry?" });
    expect(id).toBe("resp_1");
    expect(network.exchanges.map(({ key, answer }) => ({ key, answer }))).toEqual([
      { key: null, answer: "executed" },
      { key: null, answer: "replayed" },
    ]);
    expect(origin.account(token).executed).toBe(1);
    await network.stop();
  });
});
