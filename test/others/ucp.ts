// UCP's tests of idempotent checkouts, and a shop whose every change can be seen.

import assert from "node:assert/strict";
import { type Answer, type Ask } from "../conformance/client.ts";
import { expectBody, expectStatus } from "../conformance/expect.ts";
import { type OriginAnswer } from "../conformance/origin.ts";
import { type Place, same, type Source, type Suite } from "./scenario.ts";
import { expectStatusIn, json, type Members, members } from "./seen.ts";
import { type Stage } from "./stage.ts";

const UCP: Source = {
  repository: "Universal-Commerce-Protocol/conformance",
  commit: "fdced3ad4d92637a55de8f4b71a6dead5a2621c0",
  file: "idempotency_test.py",
};

const line = (line: number): Place => ({ source: UCP, line });

type Checkout = { id: string; status: string; version: number; content: Members };

/** What is done to a checkout; another version shows that it was done once more. */
type Change = (checkout: Checkout, content: Members) => void;

/** Opens a shop below a fresh path. Returns the path of its checkouts. */
function openShop({ fresh, origin }: Stage): string {
  const path = `${fresh()}/checkout-sessions`;
  const answering =
    (status: number, change: (content: Members) => Checkout): OriginAnswer =>
    async ({ received, response }) => {
      const text = (await received.whole).toString();
      const { content, ...rest } = change(members(text === "" ? {} : JSON.parse(text)));
      response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ ...content, ...rest }));
    };
  const changing = (checkout: Checkout, change: Change): OriginAnswer =>
    answering(200, (content) => {
      change(checkout, content);
      checkout.version += 1;
      return checkout;
    });
  const create = answering(201, (content) => {
    const checkout: Checkout = { id: crypto.randomUUID(), status: "ready_for_complete", version: 1, content };
    origin.on(
      `${path}/${checkout.id}`,
      changing(checkout, (one, content) => void (one.content = content)),
    );
    origin.on(
      `${path}/${checkout.id}/complete`,
      changing(checkout, (one) => void (one.status = "completed")),
    );
    origin.on(
      `${path}/${checkout.id}/cancel`,
      changing(checkout, (one) => void (one.status = "canceled")),
    );
    return checkout;
  });
  origin.on(path, create);
  return path;
}

const agent: Ask = { caller: null, headers: [["UCP-Agent", 'profile="https://agent.example/profile"']] };

const contentOf = (currency: string, quantity: number): string =>
  JSON.stringify({
    currency,
    line_items: [{ id: "li_1", item: { id: "roses", title: "Roses" }, quantity }],
    payment: { instruments: [], selected_instrument_id: "instr_1" },
  });

const paymentWith = (token: string): string =>
  JSON.stringify({ payment_data: { handler_id: "cards", credential: { type: "token", token } } });

async function newCheckout(stage: Stage): Promise<string> {
  const path = openShop(stage);
  const created = await stage.send(path, { ...agent, key: stage.key(), json: contentOf("USD", 1) });
  expectStatus(created, 201);
  return `${path}/${String(json(created)["id"])}`;
}

type Seen = { readonly first: Answer; readonly second: Answer; readonly other: Answer; readonly runs: number };

/** A request, the same again, and another one under its key. */
async function sendThree({ send, key, origin }: Stage, path: string, ask: Ask, other: Ask): Promise<Seen> {
  const used = { ...agent, key: key() };
  const first = await send(path, { ...used, ...ask });
  const second = await send(path, { ...used, ...ask });
  return { first, second, other: await send(path, { ...used, ...ask, ...other }), runs: origin.count(path) };
}

const expectSameThenConflict =
  (statuses: readonly number[]) =>
  ({ first, second, other, runs }: Seen): void => {
    expectStatusIn(first, statuses);
    expectStatus(second, first.status);
    expectBody(second, first.body);
    expectStatus(other, 409);
    assert.equal(runs, 1);
  };

const create = same({
  title: "A checkout is created once; other content under the key gets 409",
  place: line(40),
  play: (stage) => sendThree(stage, openShop(stage), { json: contentOf("USD", 1) }, { json: contentOf("EUR", 1) }),
  theirs: expectSameThenConflict([200, 201]),
});

const update = same({
  title: "A checkout is updated once, by PUT; other content under the key gets 409",
  place: line(93),
  play: async (stage) => {
    const path = await newCheckout(stage);
    return sendThree(stage, path, { method: "PUT", json: contentOf("USD", 2) }, { json: contentOf("USD", 3) });
  },
  theirs: expectSameThenConflict([200]),
});

const complete = same({
  title: "A checkout is completed once; another payment under the key gets 409",
  place: line(171),
  play: async (stage) => {
    const path = `${await newCheckout(stage)}/complete`;
    return sendThree(stage, path, { json: paymentWith("success_token") }, { json: paymentWith("other_token") });
  },
  theirs: expectSameThenConflict([200]),
});

const cancel = same({
  title: "A checkout is cancelled once, by a request without content",
  place: line(224),
  play: async (stage) => {
    const path = `${await newCheckout(stage)}/cancel`;
    const ask = { ...agent, key: stage.key(), body: "" };
    const first = await stage.send(path, ask);
    return { first, second: await stage.send(path, ask), runs: stage.origin.count(path) };
  },
  theirs: ({ first, second, runs }) => {
    for (const answer of [first, second]) expectStatus(answer, 200);
    expectBody(second, first.body);
    assert.equal(runs, 1);
  },
});

export const ucp: Suite = {
  name: "UCP",
  about:
    "The idempotency tests of the [Universal Commerce Protocol](https://github.com/Universal-Commerce-Protocol/conformance), over REST. What its other tests say of a shop is not about keys.",
  source: UCP,
  host: "ucp.example",
  entry: { profile: "ucp", caller: ["ucp-agent"] },
  scenarios: [create, update, complete, cancel],
};
