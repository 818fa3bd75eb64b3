// What every contract for retries is about: a request that comes again runs once, and gets the first response.

import assert from "node:assert/strict";
import { eventually, pause, signal } from "../bounded.ts";
import { type Check } from "../check.ts";
import { type Answer, header } from "../client.ts";
import { expectRuns, expectStatus, show } from "../expect.ts";
import { after, heldUntil, runBody, tellsItsRun } from "../origin-answers.ts";
import { type Contract, expectResult, type Topic, unique } from "./contract.ts";

const SIMULTANEOUS = 20;

/** Far above what a refusal takes. A request that has no answer by then waits for the running one. */
const REFUSAL_MS = 1500;

export type Part = Omit<Check, "section"> & { readonly topic: Topic };

export function retries(contract: Contract): readonly Part[] {
  return [...repeated(), ...results(contract), ...lostResponse(contract), ...concurrent(contract)];
}

function repeated(): readonly Part[] {
  return [
    {
      topic: "uniqueness",
      title: "runs requests with different keys each",
      why: "Two orders of the same thing are two orders: a second one must not get lost.",
      run: async ({ origin, scripted, send, key }) => {
        const [one, other] = [unique(), unique()];
        const path = scripted(one.answer, other.answer);
        expectResult(await send(path, { key: key() }), { status: 201, ...one });
        expectResult(await send(path, { key: key() }), { status: 201, ...other });
        expectRuns(origin, path, 2);
      },
    },
    {
      topic: "retry",
      title: "runs a request once that comes six times, and gives each retry the first response",
      why: "A client that lost the response sends the request again. A second run charges twice.",
      run: async ({ origin, scripted, send, key }) => {
        const first = unique();
        const [path, ask] = [scripted(first.answer, tellsItsRun), { key: key() }];
        for (let time = 1; time <= 6; time += 1) expectResult(await send(path, ask), { status: 201, ...first });
        expectRuns(origin, path, 1);
      },
    },
  ];
}

function results({ marker, serverError }: Contract): readonly Part[] {
  return [
    {
      topic: "first",
      title: "passes on the response of the first request as the API gives it",
      why: "A client without retries must not notice the layer that handles them.",
      run: async ({ scripted, send, key }) => {
        const first = unique();
        expectResult(await send(scripted(first.answer), { key: key() }), { status: 201, ...first });
      },
    },
    {
      topic: "failure",
      title: "repeats a response of 402",
      why: "A declined card is a result too: a retry that runs may succeed, after the client gave up the order.",
      run: async ({ origin, scripted, send, key }) => {
        const first = unique(402);
        const [path, ask] = [scripted(first.answer, tellsItsRun), { key: key() }];
        for (let time = 1; time <= 2; time += 1) expectResult(await send(path, ask), { status: 402, ...first });
        expectRuns(origin, path, 1);
      },
    },
    ...(serverError === "not stated" ? [] : [afterServerError(serverError)]),
    {
      topic: "marker",
      title: `marks retries, and only those, by ${marker ?? "a field"}`,
      why: "Clients and logs distinguish a replay from a second run by it.",
      run: async ({ path, send, key }) => {
        const [where, ask, name] = [path(), { key: key() }, marker ?? ""];
        const [first, retry] = [await send(where, ask), await send(where, ask)];
        assert.equal(header(first, name), undefined, `expected no ${name} on the first response, got ${show(first)}`);
        assert.equal(header(retry, name), "true", `expected ${name}: true on a retry, got ${show(retry)}`);
      },
    },
    {
      topic: "echo",
      title: "repeats the key on first and replayed responses",
      why: "Clients find the request of a response by it.",
      run: async ({ path, send, key }) => {
        const [where, sent] = [path(), key()];
        for (let time = 1; time <= 2; time += 1) {
          const answer = await send(where, { key: sent });
          assert.equal(header(answer, "idempotency-key"), sent, `expected the key, got ${show(answer)}`);
        }
      },
    },
  ];
}

function afterServerError(then: "replayed" | "runs again"): Part {
  const isReplayed = then === "replayed";
  return {
    topic: "failure",
    title: isReplayed ? "repeats a response of 500" : "runs a request again after a response of 500",
    why: isReplayed
      ? "The API may have acted before it failed, so another run may act twice."
      : "The contract requires that a 5xx has no effect, and its clients wait for another run.",
    run: async ({ origin, scripted, send, key }) => {
      const [failed, second] = [unique(500), unique()];
      const [path, ask] = [scripted(failed.answer, second.answer), { key: key() }];
      expectStatus(await send(path, ask), 500);
      const retry = await send(path, ask);
      if (isReplayed) expectResult(retry, { status: 500, ...failed });
      else expectResult(retry, { status: 201, ...second });
      expectRuns(origin, path, isReplayed ? 1 : 2);
    },
  };
}

function lostResponse({ inFlight }: Contract): readonly Part[] {
  return [
    {
      topic: "lost response",
      title: "keeps the result of a request whose client hung up",
      why: "This is the case that keys are for: the request ran, and its client does not know.",
      run: async ({ origin, scripted, open, send, key }) => {
        const [release, first] = [signal(), unique()];
        const path = scripted(heldUntil(release.given, first.answer), tellsItsRun);
        const ask = { key: key() };
        const lost = open(path, ask);
        lost.answer.catch(() => undefined);
        await origin.arrived(path);
        lost.hangUp();
        release.give();
        let last: Answer | undefined;
        const retry = await eventually(
          async () => {
            last = await send(path, ask);
            return last.status === inFlight ? undefined : last;
          },
          {
            withinMs: 20_000,
            everyMs: 200,
            what: "the result of the request whose client hung up",
            saw: () => (last === undefined ? "no answer" : show(last)),
          },
        );
        expectResult(retry, { status: 201, ...first });
        expectRuns(origin, path, 1);
      },
    },
  ];
}

function concurrent({ inFlight }: Contract): readonly Part[] {
  return [
    {
      topic: "concurrent",
      title: `runs ${SIMULTANEOUS} simultaneous requests with one key once, and answers each by the result or by ${inFlight}`,
      why: "A double click and an impatient client send both requests before the first one has ended.",
      alone: true,
      run: async ({ origin, scripted, send, key }) => {
        // 500 ms, so that all of them arrive while the first one runs.
        const [path, ask] = [scripted(after(500, tellsItsRun)), { key: key() }];
        const answers = await Promise.all(Array.from({ length: SIMULTANEOUS }, () => send(path, ask)));
        expectRuns(origin, path, 1);
        const hasResult = ({ status, body }: Answer): boolean => status === 201 && body.toString() === runBody(1);
        const other = answers.find((answer) => !hasResult(answer) && answer.status !== inFlight);
        assert.ok(other === undefined, `expected the result or ${inFlight}, got ${other && show(other)}`);
        assert.ok(answers.some(hasResult), "expected the result at least once");
      },
    },
    {
      topic: "concurrent",
      title: `refuses a request that meets the running one by ${inFlight}, or lets it wait for the result`,
      why: "Any other answer is a guess: the result of the running request is not known yet.",
      run: async ({ origin, scripted, open, send, key }) => {
        const [release, first] = [signal(), unique()];
        const [path, ask] = [scripted(heldUntil(release.given, first.answer), tellsItsRun), { key: key() }];
        const original = open(path, ask);
        await origin.arrived(path);
        const duplicate = open(path, ask).answer;
        const early = await Promise.race([duplicate, pause(REFUSAL_MS)]);
        release.give();
        const expected = { status: 201, ...first };
        if (early === undefined) expectResult(await duplicate, expected);
        else expectStatus(early, inFlight);
        expectResult(await original.answer, expected);
        expectResult(await send(path, ask), expected);
        expectRuns(origin, path, 1);
      },
    },
  ];
}
