import { describe, expect, test } from "vitest";
import { grantedWait } from "../../../src/http/prefer.ts";

const POLICY_MS = 25_000;

describe("4.3.2 Prefer: wait", () => {
  test.each([
    ["shortens the policy's wait", "wait=5", 5],
    ["is granted where it is the policy's wait", "wait=25", 25],
    ["may ask for no wait at all", "wait=0", 0],
    ["may be in capitals", "WAIT=5", 5],
    ["may have white space around its equals sign", "wait = 5", 5],
    ["may be quoted", 'wait="5"', 5],
    ["may have zeros in front", "wait=005", 5],
    ["may have parameters", "wait=5; foo=bar", 5],
    ["may be among other preferences", "respond-async, wait=5, handling=lenient", 5],
    ["may come after a preference with a comma in quotes", 'foo="a, b", wait=5', 5],
    ["counts only the first time", "wait=5, wait=1", 5],
    ["counts the first that can be read", "wait=soon, wait=5", 5],
  ])("%s", (_, prefer, askedSeconds) => {
    expect(grantedWait(prefer, POLICY_MS)).toEqual({ ms: askedSeconds * 1000, askedSeconds });
  });

  test.each([
    ["beyond the policy's wait", "wait=26"],
    ["far beyond", "wait=999999999"],
    ["beyond any number", "wait=99999999999999999999"],
    ["first, before one that would do", "wait=100, wait=5"],
  ])("never lengthens the policy's wait: %s", (_, prefer) => {
    expect(grantedWait(prefer, POLICY_MS)).toEqual({ ms: 25_000, askedSeconds: null });
  });

  test.each([
    ["nothing", null],
    ["an empty header", ""],
    ["other preferences", "respond-async, handling=strict"],
    ["a wait without a value", "wait"],
    ["an empty value", "wait="],
    ["a negative number", "wait=-1"],
    ["a fraction", "wait=1.5"],
    ["a unit", "wait=5s"],
    ["a longer name", "waiting=5"],
    ["a name that ends in wait", "no-wait=5"],
    ["a parameter", "respond-async; wait=5"],
    ["a number in words", "wait=five"],
    ["a no-break space", "wait\u00A0=5"],
  ])("leaves the policy's wait if it asks for %s", (_, prefer) => {
    expect(grantedWait(prefer, POLICY_MS)).toEqual({ ms: 25_000, askedSeconds: null });
  });

  test("can't lengthen a wait of zero", () => {
    expect(grantedWait("wait=1", 0)).toEqual({ ms: 0, askedSeconds: null });
    expect(grantedWait("wait=0", 0)).toEqual({ ms: 0, askedSeconds: 0 });
  });
});
