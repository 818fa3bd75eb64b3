import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { confirm } from "../../../bench/account/confirm.ts";
import { urlIn } from "../../../bench/account/deployment.ts";
import { assertName } from "../../../bench/account/measure.ts";
import { type Call, type Sample } from "../../../bench/account/protocol.ts";
import { figuresOf, tableOf } from "../../../bench/account/report.ts";

const samplesOf = (call: Call, objectAt: string, times: readonly number[]): Sample[] =>
  times.map((ms) => ({ call, ms, workerAt: "FRA", objectAt }));

const HUNDRED = Array.from({ length: 100 }, (_, n) => n + 1);
const SAMPLES = [
  ...samplesOf("warm", "FRA", [2, 1, 3]),
  ...samplesOf("named", "FRA", HUNDRED.toReversed()),
  ...samplesOf("unique", "AMS", [9]),
];

describe("the figures of the first use of an object", () => {
  test("are by place of Worker and object, in the order of the calls", () => {
    const place = { workerAt: "FRA", objectAt: "FRA" };
    expect(figuresOf(SAMPLES)).toEqual([
      { ...place, objectAt: "AMS", call: "unique", samples: 1, p50Ms: 9, p99Ms: 9, mostMs: 9 },
      { ...place, call: "named", samples: 100, p50Ms: 50, p99Ms: 99, mostMs: 100 },
      { ...place, call: "warm", samples: 3, p50Ms: 2, p99Ms: 3, mostMs: 3 },
    ]);
    expect(figuresOf([])).toEqual([]);
  });

  test("are a table with the run's settings", () => {
    const measured = { date: "2026-11-30T12:00:00Z", wrangler: "4.1.0", samplesEach: 100, samples: SAMPLES };
    expect(tableOf({ ...measured, locations: ["nearest", "enam"], figures: figuresOf(SAMPLES) })).toBe(
      [
        "| Worker in | object in | call | samples | p50, ms | p99, ms | most, ms |",
        "|---|---|---|---|---|---|---|",
        "| FRA | AMS | the first of `newUniqueId` | 1 | 9 | 9 | 9 |",
        "| FRA | FRA | the first of a named object | 100 | 50 | 99 | 100 |",
        "| FRA | FRA | the second of a named object | 3 | 2 | 3 | 3 |",
        "",
        "2026-11-30; 100 samples of each call for nearest, enam; wrangler 4.1.0. In steps of 1 ms. Of fewer than 100 samples, p99 is the most.",
      ].join("\n"),
    );
  });
});

test("the URL is in wrangler's own output", () => {
  const deploy = (targets: unknown): string =>
    `{"type":"wrangler-session"}\n${JSON.stringify({ type: "deploy", targets })}\n`;
  expect(urlIn(deploy(["schedule: 1", "https://a.b.workers.dev"]))).toBe("https://a.b.workers.dev");
  for (const output of ["", deploy([]), deploy("https://a"), deploy(null), deploy(["a.example/*"])]) {
    expect(() => urlIn(output)).toThrow("without a URL");
  }
});

test.each(["shop", "oncegate", "oncegate-measured", "my-oncegate-measure", "oncegate-measure-", "oncegate-measure-A"])(
  "a Worker that is not the probe is never removed: %s",
  (name) => expect(() => assertName(name)).toThrow("--name must begin with oncegate-measure"),
);

test.each(["oncegate-measure", "oncegate-measure-a1-b"])("%s may be removed", (name) => {
  expect(assertName(name)).toBe(name);
});

test.each([
  ["y\n", true],
  [" Yes \n", true],
  ["n\n", false],
  ["\n", false],
  ["yours\n", false],
  ["", false],
])("the answer %j deploys: %s", async (answer, expected) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const asked = confirm("Deploy?", input, output);
  input.end(answer);
  expect(await asked).toBe(expected);
  expect(String(output.read())).toContain("Deploy? [y/N]");
});
