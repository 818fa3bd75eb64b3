/** GraphQL with automatic persisted queries: errors arrive in a 200, and one call is two requests. */

import { randomUUID } from "node:crypto";
import { type RequestListener } from "node:http";
import { expect, test } from "vitest";
import {
  type Account,
  type Recipe,
  accounts,
  answersOf,
  holdNext,
  joined,
  readJson,
  sendJson,
  untilReleased,
} from "./recipe.ts";
import { connectApollo } from "./snippets/graphql.ts";

/** The server refuses a request before it executes it, or in the middle; or its connection breaks while it executes. */
type Step = "answers by status" | "throttles" | "throttles half-way" | "breaks off";

interface Body {
  readonly query?: string;
  readonly extensions?: { readonly persistedQuery?: { readonly sha256Hash: string } };
}

const accountOf = accounts<Step>();

/** The queries that each caller has registered. */
const registered = new Set<string>();

const origin: RequestListener = async (request, response) => {
  const caller = request.headers.authorization;
  const account = accountOf(caller);
  const { query, extensions } = await readJson<Body>(request);
  const hash = `${caller} ${extensions?.persistedQuery?.sha256Hash}`;
  if (query === undefined && !registered.has(hash)) {
    const unknownQuery = refusal("PERSISTED_QUERY_NOT_FOUND");
    if (account.script[0] === "answers by status") sendJson(response, unknownQuery, 400, BY_STATUS);
    else sendJson(response, unknownQuery);
    return;
  }
  registered.add(hash);
  const step = account.script.shift();
  if (step === "throttles") {
    sendJson(response, refusal("THROTTLED"));
    return;
  }
  account.effects += 1;
  await untilReleased(account);
  if (step === "breaks off") {
    request.socket.resetAndDestroy();
    return;
  }
  const data = { charge: { id: `ch_${account.effects}`, __typename: "Charge" } };
  sendJson(response, step === "throttles half-way" ? { data, ...refusal("THROTTLED") } : { data });
};

/** GraphQL over HTTP, "application/graphql-response+json": without execution, the status is an error too. */
const BY_STATUS = { "content-type": "application/graphql-response+json" };

/** GraphQL, 7.1: without execution, there is no `data`. */
function refusal(code: string): object {
  return { errors: [{ message: code, extensions: { code } }] };
}

interface Customer {
  readonly account: Account<Step>;
  readonly token: string;
  readonly key: string;
}

function newCustomer(...script: Step[]): Customer {
  const token = randomUUID();
  const account = accountOf(`Bearer ${token}`);
  account.script.push(...script);
  return { account, token, key: randomUUID() };
}

export const GRAPHQL: Recipe = {
  title: "GraphQL",
  snippets: ["graphql.ts"],
  origin,
  tests: (connect) => {
    test("a query that is not registered yet is sent again under its key", async () => {
      const { account, token, key } = newCustomer();
      const network = await connect([]);
      expect(await connectApollo(network.url, token)(1000, key)).toBe("ch_1");
      expect(answersOf(network)).toEqual(["released", "executed"]);
      expect(account.effects).toBe(1);
    });

    test("the same by a server that answers with an HTTP status", async () => {
      const { account, token, key } = newCustomer("answers by status");
      const network = await connect([]);
      expect(await connectApollo(network.url, token)(1000, key)).toBe("ch_1");
      expect(answersOf(network)).toEqual(["400 released", "executed"]);
      expect(account.effects).toBe(1);
    });

    test("a mutation whose answer is lost has one effect, and its client gets the answer", async () => {
      const { account, token, key } = newCustomer();
      const network = await connect([{ what: "passes" }, { what: "loses the answer" }]);
      const charge = connectApollo(network.url, token);
      expect(await charge(1000, key)).toBe("ch_1");
      expect(answersOf(network)).toEqual(["released", "executed", "replayed"]);
      expect(account.effects).toBe(1);
    });

    test("a mutation whose connection is reset while it runs is joined by the retry", async () => {
      const { account, token, key } = newCustomer();
      const { begun, release } = holdNext(account);
      const network = await connect([{ what: "passes" }, { what: "resets", when: begun }]);
      const charge = connectApollo(network.url, token)(1000, key);
      await joined(network, 3);
      release();
      expect(await charge).toBe("ch_1");
      expect(answersOf(network)).toEqual(["released", "none", "joined"]);
      expect(account.effects).toBe(1);
    });

    test("a program that starts again gets the answer under its key, though its request has no query now", async () => {
      const { account, token, key } = newCustomer();
      const network = await connect([]);
      expect(await connectApollo(network.url, token)(1000, key)).toBe("ch_1");
      expect(await connectApollo(network.url, token)(1000, key)).toBe("ch_1");
      expect(answersOf(network)).toEqual(["released", "executed", "replayed"]);
      expect(account.effects).toBe(1);
    });

    test("queries without a hash are compared by their text", async () => {
      const { account, token, key } = newCustomer();
      const network = await connect([]);
      const headers = {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        "idempotency-key": key,
      };
      for (const amount of [1000, 2000]) {
        const body = JSON.stringify({ query: `mutation { charge(amount: ${amount}) { id } }` });
        await fetch(`${network.url}/graphql`, { method: "POST", headers, body });
      }
      expect(answersOf(network)).toEqual(["executed", "422 key_reused"]);
      expect(account.effects).toBe(1);
    });

    test("a mutation that was throttled after it had an effect does not run again", async () => {
      const { account, token, key } = newCustomer("throttles half-way");
      const network = await connect([]);
      const charge = connectApollo(network.url, token);
      const throttled = { errors: [{ extensions: { code: "THROTTLED" } }] };
      await expect(charge(1000, key)).rejects.toMatchObject(throttled);
      await expect(charge(1000, key)).rejects.toMatchObject(throttled);
      expect(answersOf(network)).toEqual(["released", "executed", "replayed"]);
      expect(account.effects).toBe(1);
    });

    test("a mutation that was throttled runs under its key when it is called again", async () => {
      const { account, token, key } = newCustomer("throttles");
      const network = await connect([]);
      const charge = connectApollo(network.url, token);
      await expect(charge(1000, key)).rejects.toMatchObject({ errors: [{ extensions: { code: "THROTTLED" } }] });
      expect(await charge(1000, key)).toBe("ch_1");
      expect(answersOf(network)).toEqual(["released", "released", "executed"]);
      expect(account.effects).toBe(1);
    });

    test("a mutation whose outcome is unknown ends in an error, and does not run again", async () => {
      const { account, token, key } = newCustomer("breaks off");
      const network = await connect([]);
      const charge = connectApollo(network.url, token);
      await expect(charge(1000, key)).rejects.toMatchObject({ statusCode: 502 });
      expect(answersOf(network)).toEqual(["released", "502 origin_unreachable"]);
      expect(account.effects).toBe(1);
    });

    test("a key that is used for another mutation is refused", async () => {
      const { account, token, key } = newCustomer();
      const network = await connect([]);
      const charge = connectApollo(network.url, token);
      await charge(1000, key);
      await expect(charge(2000, key)).rejects.toMatchObject({ statusCode: 422 });
      expect(account.effects).toBe(1);
    });
  },
};
