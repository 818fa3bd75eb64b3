import { expect, test } from "vitest";
import { checkDeployment } from "../../../scripts/deployment/check.ts";
import { broken } from "./broken.ts";

const EVENT = '{ event = "error", outcome = "not-executed" }';
const JSON_RULE = '{ json = "/error", outcome = "unknown" }';

function hintsFor(...rules: string[]): readonly string[] {
  const text = broken('caller = ["authorization"]', `caller = []\noutcomes = [${rules.join(", ")}]`);
  const verdict = checkDeployment({ file: "wrangler.toml", text, environment: null, variables: {} });
  expect(verdict.findings).toEqual([]);
  return verdict.summary.slice(1);
}

test("hints at a rule on JSON that keeps a later rule on an event from freeing the key", () => {
  const hint = (index: number) =>
    `hint: "api.shop.io".outcomes[${index}] has json without a media_type: an event stream that does not end with JSON leaves it undecided, so no later rule on an event can give not-executed. Add media_type = "application/json"`;
  expect(hintsFor(JSON_RULE, EVENT)).toEqual([hint(0)]);
  expect(hintsFor('{ status = 429, outcome = "final" }', JSON_RULE, EVENT)).toEqual([hint(1)]);
  const inUnless = '{ status = 200, unless = { json = "/error" }, outcome = "final" }';
  expect(hintsFor(inUnless, EVENT)).toEqual([hint(0)]);
});

test("has no hint where nothing changes for a stream", () => {
  expect(hintsFor('{ json = "/error", media_type = "application/json", outcome = "unknown" }', EVENT)).toEqual([]);
  const elsewhere = `{ status = 200, ${EVENT.slice(1)}`;
  expect(hintsFor('{ json = "/error", status = "5xx", outcome = "unknown" }', elsewhere)).toEqual([]);
  const typed = '{ unless = { json = "/error", media_type = "application/json" }, status = "4xx", outcome = "final" }';
  expect(hintsFor(typed, EVENT)).toEqual([]);
  expect(hintsFor(EVENT, JSON_RULE)).toEqual([]);
  expect(hintsFor(JSON_RULE, '{ event = "error", outcome = "unknown" }')).toEqual([]);
});
