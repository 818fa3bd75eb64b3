// Where a key does not lead to the first response: another request, another caller, no key.

import assert from "node:assert/strict";
import { signal } from "../bounded.ts";
import { type Context } from "../context.ts";
import { expectRuns, expectStatus, show } from "../expect.ts";
import { heldUntil, tellsItsRun } from "../origin-answers.ts";
import { type Contract, expectNothingOf, expectRefused, expectResult, unique } from "./contract.ts";
import { type Part } from "./retries.ts";

export function refusals(contract: Contract): readonly Part[] {
  return [...mismatches(contract), ...elsewhere(contract), ...callers(), ...keys(contract), ...equality()];
}

const OTHER = { json: '{"amount":999}' };

function mismatches({ mismatch, inFlight, codes }: Contract): readonly Part[] {
  return [
    {
      topic: "mismatch",
      title: `refuses another payload under a used key by ${mismatch}, and keeps the first response`,
      why: "An answer to another order looks like success, and the order is never placed.",
      run: async ({ origin, scripted, send, key }) => {
        const first = unique();
        const [path, ask] = [scripted(first.answer, tellsItsRun), { key: key() }];
        expectStatus(await send(path, ask), 201);
        const refusal = await send(path, { ...ask, ...OTHER });
        expectRefused(refusal, [mismatch], first.id);
        const code = codes?.mismatch ?? "";
        assert.ok(refusal.body.includes(code), `expected ${code} in the body, got ${show(refusal)}`);
        expectResult(await send(path, ask), { status: 201, ...first });
        expectRuns(origin, path, 1);
      },
    },
    {
      topic: "mismatch",
      title: "does not run another payload while the first request runs",
      why: "A lock that is released and taken by the other payload runs both under one key.",
      run: async ({ origin, scripted, open, send, key }) => {
        const [release, first] = [signal(), unique()];
        const [path, ask] = [scripted(heldUntil(release.given, first.answer), tellsItsRun), { key: key() }];
        const original = open(path, ask);
        await origin.arrived(path);
        const other = open(path, { ...ask, ...OTHER }).answer;
        // Refused at once, or after it has waited for the first one.
        await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 500))]);
        release.give();
        expectResult(await original.answer, { status: 201, ...first });
        expectRefused(await other, [mismatch, inFlight], first.id);
        expectResult(await send(path, ask), { status: 201, ...first });
        expectRuns(origin, path, 1);
      },
    },
  ];
}

/** Two requests under one key, of which the second is not the first. Resolves to the answer to the second. */
async function second(context: Context, ask: { readonly caller?: string; readonly isElsewhere: boolean }) {
  const { scripted, send, key } = context;
  const [first, own] = [unique(), unique()];
  const path = scripted(first.answer, own.answer);
  const other = ask.isElsewhere ? scripted(own.answer) : path;
  const sent = key();
  expectStatus(await send(path, { key: sent }), 201);
  const answer = await send(other, { key: sent, ...(ask.caller !== undefined && { caller: ask.caller }) });
  expectNothingOf(answer, first.id);
  return { answer, own, other };
}

function elsewhere({ elsewhere, mismatch }: Contract): readonly Part[] {
  const isRefused = elsewhere === "refused";
  return [
    {
      topic: "elsewhere",
      title: isRefused
        ? `refuses the key on another path by ${mismatch}`
        : "never answers a request to another path by the first response",
      why: "Clients reuse keys by mistake. A refund that gets the response of a charge is never made.",
      run: async (context) => {
        const { answer, own, other } = await second(context, { isElsewhere: true });
        if (isRefused) {
          assert.equal(answer.status, mismatch, `expected a refusal by ${mismatch}, got ${show(answer)}`);
          expectRuns(context.origin, other, 0);
        } else if (answer.status < 400) expectResult(answer, { status: 201, ...own });
      },
    },
  ];
}

function callers(): readonly Part[] {
  return [
    {
      topic: "callers",
      title: "never answers one caller by the response to another",
      why: "Keys are chosen by clients, so two may choose the same one. The response may hold another customer's data.",
      run: async (context) => {
        const { answer, own } = await second(context, {
          caller: context.otherCaller ?? "Bearer another",
          isElsewhere: false,
        });
        if (answer.status < 400) expectResult(answer, { status: 201, ...own });
      },
    },
  ];
}

function keys({ missingKey, codes }: Contract): readonly Part[] {
  return [
    {
      topic: "syntax",
      title: "takes a key in quotation marks",
      why: "The field is a String of RFC 9651: clients that follow the document write the quotation marks.",
      run: async ({ origin, scripted, send, key }) => {
        const first = unique();
        const [path, ask] = [scripted(first.answer, tellsItsRun), { key: `"${key()}"` }];
        for (let time = 1; time <= 2; time += 1) expectResult(await send(path, ask), { status: 201, ...first });
        expectRuns(origin, path, 1);
      },
    },
    {
      topic: "length",
      title: "takes a key of 255 characters, and distinguishes it by its last one",
      why: "A key that is cut is the key of another request.",
      run: async ({ origin, path, send, key }) => {
        const [where, stem] = [path(), `${key()}${"k".repeat(218)}`];
        for (const end of ["a", "b", "a"]) expectStatus(await send(where, { key: stem + end }), 201);
        expectRuns(origin, where, 2);
      },
    },
    {
      topic: "missing key",
      title: `refuses a request without a key by ${missingKey} where one is required`,
      why: "A client that forgets the key has no protection, and learns it on the day of the first lost response.",
      needs: "key required",
      run: async ({ origin, path, send }) => {
        const where = path();
        const refusal = await send(where);
        expectStatus(refusal, missingKey);
        const code = codes?.missingKey ?? "";
        assert.ok(refusal.body.includes(code), `expected ${code} in the body, got ${show(refusal)}`);
        expectRuns(origin, where, 0);
      },
    },
    {
      topic: "uncovered methods",
      title: "runs each GET, whatever key it has",
      why: "A GET that is answered from a record shows a former state.",
      run: async ({ origin, path, send, key }) => {
        const [where, ask] = [path(), { key: key(), method: "GET" }];
        for (let time = 1; time <= 2; time += 1) expectStatus(await send(where, ask), 201);
        expectRuns(origin, where, 2);
      },
    },
  ];
}

function equality(): readonly Part[] {
  const [json, respelled] = ['{"amount":1.0,"currency":"eur"}', '{ "currency": "eur", "amount": 1 }'];
  return [
    {
      topic: "equal JSON",
      title: "takes JSON with members in another order, and 1 for 1.0, for the same request",
      why: "Libraries write the same value in several ways. An honest retry must not be refused.",
      run: async ({ origin, scripted, send, key }) => {
        const first = unique();
        const [path, sent] = [scripted(first.answer, tellsItsRun), key()];
        expectResult(await send(path, { key: sent, json }), { status: 201, ...first });
        expectResult(await send(path, { key: sent, json: respelled }), { status: 201, ...first });
        expectRuns(origin, path, 1);
      },
    },
  ];
}
