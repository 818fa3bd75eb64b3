// AdCP's storyboards of idempotency, step by step. A step that needs others plays them first.

import assert from "node:assert/strict";
import { pause } from "../conformance/bounded.ts";
import { expectMark, expectStatus, show } from "../conformance/expect.ts";
import { call, openSeller, type Outcome, type Seller } from "./adcp-origin.ts";
import { differs, type Place, same, type Scenario, type Source, type Suite } from "./scenario.ts";
import { at, json, type Members } from "./seen.ts";
import { type Stage } from "./stage.ts";

const COMMIT = "4439b1871329488ce24b213e88d855849fb41187";
const ENFORCEMENT: Source = {
  repository: "adcontextprotocol/adcp",
  commit: COMMIT,
  file: "static/compliance/source/universal/idempotency.yaml",
};
const READS: Source = { ...ENFORCEMENT, file: "static/compliance/source/universal/read-tool-idempotency.yaml" };

const step = (line: number): Place => ({ source: ENFORCEMENT, line });
const read = (line: number): Place => ({ source: READS, line });

/** Anything of it in a refusal would be a leak. */
const SECRET_BUDGET = 48_151_623;

const campaign = (budget: number): Members => ({
  account: { brand: { domain: "boots.example" }, operator: "agency.example" },
  brand: { domain: "boots.example" },
  start_time: "asap",
  end_time: "2098-01-31T12:00:00Z",
  packages: [{ product_id: "banner", budget, pricing_option_id: "cpm" }],
});

const buy = (
  stage: Stage,
  seller: Seller,
  { key, correlation, budget = 5000 }: { key?: string; correlation: string; budget?: number },
): Promise<Outcome> => {
  const given = key === undefined ? {} : { idempotency_key: key };
  return call(stage, seller, "create_media_buy", {
    ...given,
    ...campaign(budget),
    context: { correlation_id: correlation },
  });
};

function expectContext({ content, answer }: Outcome, correlation: string): void {
  assert.equal(at(content, "context", "correlation_id"), correlation, show(answer));
}

const idOf = ({ content, answer }: Outcome): string => {
  const id = content["media_buy_id"];
  assert.equal(typeof id, "string", show(answer));
  return String(id);
};

const notMarked = ({ content }: Outcome): void =>
  assert.ok([undefined, false].includes(content["replayed"] as undefined));

const capabilities = same({
  title: "The seller declares its replay window",
  place: step(141),
  play: (stage) => call(stage, openSeller(stage), "get_adcp_capabilities", { context: { correlation_id: "c1" } }),
  theirs: (outcome) => {
    assert.ok(Array.isArray(outcome.content["supported_protocols"]));
    assert.equal(at(outcome.content, "adcp", "idempotency", "supported"), true);
    assert.equal(typeof at(outcome.content, "adcp", "idempotency", "replay_ttl_seconds"), "number");
    expectContext(outcome, "c1");
  },
});

const missingKey = same({
  title: "A media buy without a key is refused (here by the seller: the key is optional at the gateway)",
  place: step(217),
  play: async (stage) => {
    const seller = openSeller(stage);
    return { outcome: await buy(stage, seller, { correlation: "c2" }), bought: seller.bought() };
  },
  theirs: ({ outcome, bought }) => {
    assert.ok(["INVALID_REQUEST", "VALIDATION_ERROR"].includes(String(outcome.errorCode)), show(outcome.answer));
    expectContext(outcome, "c2");
    assert.equal(bought, 0);
  },
});

const initial = same({
  title: "A media buy with a new key",
  place: step(289),
  play: (stage) => buy(stage, openSeller(stage), { key: stage.key(), correlation: "c3" }),
  theirs: (outcome) => {
    idOf(outcome);
    notMarked(outcome);
    expectContext(outcome, "c3");
  },
});

const replay = differs({
  title: "The same media buy again",
  place: step(349),
  play: async (stage) => {
    const seller = openSeller(stage);
    const key = stage.key();
    const first = await buy(stage, seller, { key, correlation: "c4" });
    return { first, second: await buy(stage, seller, { key, correlation: "c5" }), bought: seller.bought() };
  },
  difference: {
    theirs: "The same media buy, with `replayed: true` in the result, and the `context` of the retry",
    ours: "The same media buy, marked by the header `Idempotent-Replayed`; the result is that of the first call, its `context` included",
    why: "The bytes of a replay are those of the first response (P2, 6.2.1); only ids of JSON-RPC are those of the retry (3.13.4).",
  },
  theirs: ({ first, second, bought }) => {
    assert.equal(idOf(second), idOf(first));
    assert.equal(second.content["replayed"], true);
    expectContext(second, "c5");
    assert.equal(bought, 1);
  },
  ours: ({ first, second, bought }) => {
    assert.deepEqual(second.content, first.content);
    expectMark(second.answer, "replayed");
    assert.equal(bought, 1);
  },
});

const conflict = differs({
  title: "Another media buy under the key",
  place: step(406),
  play: async (stage) => {
    const seller = openSeller(stage);
    const key = stage.key();
    await buy(stage, seller, { key, correlation: "c6", budget: SECRET_BUDGET });
    return { second: await buy(stage, seller, { key, correlation: "c7", budget: 1 }), bought: seller.bought() };
  },
  difference: {
    theirs: "`IDEMPOTENCY_CONFLICT` as an error of the tool, with the `context` of the call",
    ours: "`IDEMPOTENCY_CONFLICT` as the `code` in the data of a JSON-RPC error, without `context`; it reveals nothing of the first",
    why: "A refusal is the gateway's own problem document, as JSON-RPC has errors (3.13.9, 6.3.4).",
  },
  theirs: ({ second, bought }) => {
    assert.ok(["IDEMPOTENCY_CONFLICT", "CONFLICT"].includes(String(second.errorCode)), show(second.answer));
    expectContext(second, "c7");
    assert.equal(bought, 1);
  },
  ours: ({ second: { answer }, bought }) => {
    expectStatus(answer, 200);
    assert.equal(at(json(answer), "error", "code"), 422);
    assert.equal(at(json(answer), "error", "data", "code"), "IDEMPOTENCY_CONFLICT");
    for (const secret of [String(SECRET_BUDGET), "budget", "packages", "Bearer"]) {
      assert.ok(!answer.body.toString().includes(secret), `${secret} in ${show(answer)}`);
    }
    assert.equal(bought, 1);
  },
});

const freshKey = same({
  title: "The same media buy under another key is another one",
  place: step(474),
  play: async (stage) => {
    const seller = openSeller(stage);
    const first = await buy(stage, seller, { key: stage.key(), correlation: "c8" });
    return { first, second: await buy(stage, seller, { key: stage.key(), correlation: "c9" }) };
  },
  theirs: ({ first, second }) => {
    assert.notEqual(idOf(second), idOf(first));
    notMarked(second);
    expectContext(second, "c9");
  },
});

const concurrent = same({
  title: "Two calls at once are one media buy",
  place: step(566),
  play: async (stage) => {
    const seller = openSeller(stage, { slow: true });
    const one = { key: stage.key(), correlation: "c10" };
    const both = await Promise.all([buy(stage, seller, one), buy(stage, seller, one)]);
    return { ids: both.map(idOf), bought: seller.bought() };
  },
  theirs: ({ ids, bought }) => {
    assert.equal(new Set(ids).size, 1);
    assert.equal(bought, 1);
  },
});

const verified = same({
  title: "The seller has one media buy for each key",
  place: step(657),
  play: async (stage) => {
    const seller = openSeller(stage);
    const key = stage.key();
    const first = idOf(await buy(stage, seller, { key, correlation: "c11" }));
    await buy(stage, seller, { key, correlation: "c12" });
    const second = idOf(await buy(stage, seller, { key: stage.key(), correlation: "c13" }));
    const listed = await call(stage, seller, "get_media_buys", {
      media_buy_ids: [first, second],
      context: { correlation_id: "c14" },
    });
    return { first, second, listed, bought: seller.bought() };
  },
  theirs: ({ first, second, listed, bought }) => {
    assert.deepEqual(listed.content["media_buys"], [{ media_buy_id: first }, { media_buy_id: second }]);
    assert.notEqual(first, second);
    assert.equal(bought, 2);
    expectContext(listed, "c14");
  },
});

const rateLimited = same({
  title: "A refusal for the rate is not replayed after its time",
  place: step(744),
  play: async (stage) => {
    const seller = openSeller(stage, { budget: 2 });
    for (let filled = 0; filled < 2; filled += 1) await buy(stage, seller, { key: stage.key(), correlation: "c15" });
    const key = stage.key();
    const refused = await buy(stage, seller, { key, correlation: "c16" });
    await pause(Number(at(refused.content, "adcp_error", "retry_after")) * 1000);
    return { refused, again: await buy(stage, seller, { key, correlation: "c17" }), bought: seller.bought() };
  },
  theirs: ({ refused, again, bought }) => {
    assert.equal(refused.errorCode, "RATE_LIMITED");
    assert.equal(again.errorCode, undefined, show(again.answer));
    assert.equal(idOf(again), "mb_3");
    assert.equal(bought, 3);
  },
});

const keyedRead = (tool: string, member: string, line: number): Scenario =>
  same({
    title: `\`${tool}\` takes a key`,
    place: read(line),
    play: (stage) =>
      call(stage, openSeller(stage), tool, {
        idempotency_key: stage.key(),
        context: { correlation_id: tool },
        ext: { probe: tool },
      }),
    theirs: (outcome) => {
      assert.ok(member in outcome.content, show(outcome.answer));
      expectContext(outcome, tool);
    },
  });

const bootstrap = same({
  title: "`get_adcp_capabilities` needs no key",
  place: read(280),
  play: (stage) => call(stage, openSeller(stage), "get_adcp_capabilities", { context: { correlation_id: "c18" } }),
  theirs: (outcome) => {
    assert.ok("supported_protocols" in outcome.content, show(outcome.answer));
    expectContext(outcome, "c18");
  },
});

export const adcp: Suite = {
  name: "AdCP",
  about:
    "The storyboards on idempotency of the [Ad Context Protocol](https://github.com/adcontextprotocol/adcp), of calls and of [reads](https://github.com/adcontextprotocol/adcp/blob/" +
    `${COMMIT}/static/compliance/source/universal/read-tool-idempotency.yaml), over MCP. Whether a result fits its schema is the seller's matter, and not asked.`,
  source: ENFORCEMENT,
  host: "adcp.example",
  entry: {
    profile: "mcp",
    caller: ["authorization"],
    fingerprint: {
      ignore: [
        "/params/arguments/context",
        "/params/arguments/governance_context",
        "/params/arguments/push_notification_config/authentication/credentials",
      ],
    },
    outcomes: [{ json: "/result/isError", is: true, outcome: "not-executed" }],
    error_code: { key_reused: "IDEMPOTENCY_CONFLICT", in_flight: "IDEMPOTENCY_IN_FLIGHT" },
  },
  scenarios: [
    capabilities,
    missingKey,
    initial,
    replay,
    conflict,
    freshKey,
    concurrent,
    verified,
    rateLimited,
    keyedRead("get_adcp_capabilities", "supported_protocols", 55),
    keyedRead("get_products", "products", 94),
    keyedRead("list_accounts", "accounts", 141),
    keyedRead("list_creative_formats", "formats", 183),
    keyedRead("list_creatives", "creatives", 226),
    bootstrap,
  ],
};
