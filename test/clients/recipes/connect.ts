/** Connect and gRPC-Web, with one service behind both: its own errors have a code each, in a body or in trailers. */

import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Charges } from "./charges_pb.ts";
import { type Account, type Recipe, accounts, answersOf, holdNext, joined, untilReleased } from "./recipe.ts";
import { connectCharges } from "./snippets/connect.ts";

/** The service throws this code. It has acted where the code leaves that open. */
const accountOf = accounts<Code>();

const ACTS: ReadonlySet<Code> = new Set([Code.DeadlineExceeded, Code.Internal]);

const origin = connectNodeAdapter({
  routes: ({ service }) => {
    service(Charges, {
      charge: async (_request, { requestHeader }) => {
        const account = accountOf(requestHeader.get("authorization") ?? undefined);
        const code = account.script.shift();
        if (code === undefined || ACTS.has(code)) account.effects += 1;
        await untilReleased(account);
        if (code !== undefined) throw new ConnectError("as the script has it", code);
        return { id: `ch_${account.effects}` };
      },
    });
  },
});

type Protocol = Parameters<typeof connectCharges>[2];

interface Customer {
  readonly account: Account<Code>;
  readonly key: string;
  readonly chargeThrough: (gateway: string) => (amount: number) => Promise<string>;
}

function newCustomer(protocol: Protocol, ...script: Code[]): Customer {
  const token = randomUUID();
  const key = randomUUID();
  const account = accountOf(`Bearer ${token}`);
  account.script.push(...script);
  return {
    account,
    key,
    chargeThrough: (gateway) => {
      const charge = connectCharges(gateway, token, protocol);
      return (amount) => charge(amount, key);
    },
  };
}

const PROTOCOLS: readonly { readonly protocol: Protocol; readonly unavailable: string; readonly expired: string }[] = [
  { protocol: "connect", unavailable: "503 released", expired: "504 unknown" },
  { protocol: "grpc-web", unavailable: "released", expired: "unknown" },
];

export const CONNECT: Recipe = {
  title: "Connect and gRPC-Web",
  snippets: ["connect.ts"],
  origin,
  tests: (connect) => {
    describe.each(PROTOCOLS)("$protocol:", ({ protocol, unavailable, expired }) => {
      test("a call whose answer is lost has one effect, and its client gets the answer", async () => {
        const { account, chargeThrough } = newCustomer(protocol);
        const network = await connect([{ what: "loses the answer" }]);
        expect(await chargeThrough(network.url)(1000)).toBe("ch_1");
        expect(answersOf(network)).toEqual(["executed", "replayed"]);
        expect(account.effects).toBe(1);
      });

      test("a call whose answer is cut has one effect, and its client gets the answer", async () => {
        const { account, chargeThrough } = newCustomer(protocol);
        const network = await connect([{ what: "cuts the answer" }]);
        expect(await chargeThrough(network.url)(1000)).toBe("ch_1");
        expect(answersOf(network)).toEqual(["executed", "replayed"]);
        expect(account.effects).toBe(1);
      });

      test("a call whose connection is reset while it runs is joined by the retry", async () => {
        const { account, chargeThrough } = newCustomer(protocol);
        const { begun, release } = holdNext(account);
        const network = await connect([{ what: "resets", when: begun }]);
        const charge = chargeThrough(network.url)(1000);
        await joined(network, 2);
        release();
        expect(await charge).toBe("ch_1");
        expect(answersOf(network)).toEqual(["none", "joined"]);
        expect(account.effects).toBe(1);
      });

      test("UNAVAILABLE is not kept: the retry runs under the same key", async () => {
        const { account, chargeThrough } = newCustomer(protocol, Code.Unavailable);
        const network = await connect([]);
        expect(await chargeThrough(network.url)(1000)).toBe("ch_1");
        expect(answersOf(network)).toEqual([unavailable, "executed"]);
        expect(account.effects).toBe(1);
      });

      test("UNAUTHENTICATED is not kept: the same call runs when the sender is accepted", async () => {
        const { account, chargeThrough } = newCustomer(protocol, Code.Unauthenticated);
        const network = await connect([]);
        const charge = chargeThrough(network.url);
        await expect(charge(1000)).rejects.toMatchObject({ code: Code.Unauthenticated });
        expect(await charge(1000)).toBe("ch_1");
        expect(account.effects).toBe(1);
      });

      test("INTERNAL is the answer, and the same call gets it again", async () => {
        const { account, chargeThrough } = newCustomer(protocol, Code.Internal);
        const network = await connect([]);
        const charge = chargeThrough(network.url);
        await expect(charge(1000)).rejects.toMatchObject({ code: Code.Internal });
        await expect(charge(1000)).rejects.toMatchObject({ code: Code.Internal });
        expect(answersOf(network).at(-1)).toMatch(/replayed$/);
        expect(account.effects).toBe(1);
      });

      test("DEADLINE_EXCEEDED leaves the outcome unknown, and nothing runs again", async () => {
        const { account, chargeThrough } = newCustomer(protocol, Code.DeadlineExceeded);
        const network = await connect([]);
        const charge = chargeThrough(network.url);
        await expect(charge(1000)).rejects.toMatchObject({ code: Code.DeadlineExceeded });
        await expect(charge(1000)).rejects.toMatchObject({ code: Code.Unknown });
        expect(answersOf(network)).toEqual([expired, "409 outcome_unknown"]);
        expect(account.effects).toBe(1);
      });

      test("a key that is used for another call is refused", async () => {
        const { account, chargeThrough } = newCustomer(protocol);
        const network = await connect([]);
        const charge = chargeThrough(network.url);
        await charge(1000);
        await expect(charge(2000)).rejects.toMatchObject({ code: Code.Unknown, rawMessage: "HTTP 422" });
        expect(account.effects).toBe(1);
      });
    });
  },
};
