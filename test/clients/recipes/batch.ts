/** Batch endpoints: one request with many operations, of which some may have to come again. */

import { randomUUID } from "node:crypto";
import { type RequestListener } from "node:http";
import { expect, test } from "vitest";
import { type Account, type Recipe, accounts, answersOf, readJson, sendJson } from "./recipe.ts";
import { connectBatch } from "./snippets/batch.ts";

/** All are refused before one runs; or the items with these ids are put off; or the connection breaks after the first item. */
type Step = "throttles" | "breaks off" | { readonly putsOff: readonly string[] };

/** Its effects are charges. */
const accountOf = accounts<Step>();

const origin: RequestListener = async (request, response) => {
  const account = accountOf(request.headers.authorization);
  const { items } = await readJson<{ readonly items: readonly { readonly id: string }[] }>(request);
  const step = account.script.shift();
  if (step === "throttles") {
    sendJson(response, { code: "throttled" }, 429, { "retry-after": "1" });
    return;
  }
  const later = typeof step === "object" ? step.putsOff : [];
  const results = items.map(({ id }, index) => {
    if (step === "breaks off" && index > 0) return null;
    if (later.includes(id)) return { id, status: 429 };
    account.effects += 1;
    return { id, status: 201, charge: `ch_${account.effects}` };
  });
  if (step === "breaks off") request.socket.resetAndDestroy();
  else sendJson(response, { results }, 207);
};

interface Payer {
  readonly account: Account<Step>;
  readonly token: string;
  readonly key: string;
}

function newPayer(...script: Step[]): Payer {
  const token = randomUUID();
  const account = accountOf(`Bearer ${token}`);
  account.script.push(...script);
  return { account, token, key: randomUUID() };
}

const ITEMS = ["a", "b", "c"].map((id) => ({ id, amount: 1000 }));

export const BATCH: Recipe = {
  title: "Batch endpoints",
  snippets: ["batch.ts"],
  origin,
  tests: (connect) => {
    test("a batch whose answer is lost runs once, and each item gets its result", async () => {
      const { account, token, key } = newPayer();
      const network = await connect([{ what: "loses the answer" }]);
      expect(await connectBatch(network.url, token)(ITEMS, key)).toEqual([
        { id: "a", status: 201, charge: "ch_1" },
        { id: "b", status: 201, charge: "ch_2" },
        { id: "c", status: 201, charge: "ch_3" },
      ]);
      expect(answersOf(network)).toEqual(["executed", "replayed"]);
      expect(account.effects).toBe(3);
    });

    test("items that are put off come again under a key of their own, also where the whole batch does", async () => {
      const { account, token, key } = newPayer({ putsOff: ["b"] });
      const network = await connect([{ what: "passes" }, { what: "loses the answer" }]);
      const send = connectBatch(network.url, token);
      const results = await send(ITEMS, key);
      expect(results).toEqual([
        { id: "a", status: 201, charge: "ch_1" },
        { id: "b", status: 201, charge: "ch_3" },
        { id: "c", status: 201, charge: "ch_2" },
      ]);
      expect(await send(ITEMS, key)).toEqual(results);
      expect(answersOf(network)).toEqual(["executed", "executed", "replayed", "replayed", "replayed"]);
      expect(network.exchanges.map((one) => one.key)).toEqual([1, 2, 2, 1, 2].map((round) => `${key}:${round}`));
      expect(account.effects).toBe(3);
    });

    test("a batch that was refused as a whole runs when it is sent again", async () => {
      const { account, token, key } = newPayer("throttles");
      const network = await connect([]);
      const send = connectBatch(network.url, token);
      await expect(send(ITEMS, key)).rejects.toThrow("429 throttled");
      expect(await send(ITEMS, key)).toHaveLength(3);
      expect(account.effects).toBe(3);
    });

    test("a batch that broke off half-way does not run again", async () => {
      const { account, token, key } = newPayer("breaks off");
      const network = await connect([]);
      const send = connectBatch(network.url, token);
      await expect(send(ITEMS, key)).rejects.toThrow("502 origin_unreachable");
      await expect(send(ITEMS, key)).rejects.toThrow("409 outcome_unknown");
      expect(account.effects).toBe(1);
    });

    test("another item under the key is another request, and refused", async () => {
      const { account, token, key } = newPayer();
      const network = await connect([]);
      const send = connectBatch(network.url, token);
      await send(ITEMS, key);
      await expect(send([...ITEMS, { id: "d", amount: 1000 }], key)).rejects.toThrow("422 key_reused");
      expect(account.effects).toBe(3);
    });
  },
};
