import { describe, expect, test } from "vitest";
import { showProgress } from "../../../scripts/demo/progress.ts";
import { renderTable } from "../../../scripts/demo/table.ts";

const TALLY = {
  requests: 365,
  executed: 30,
  joined: 120,
  replayed: 90,
  refused: 10,
  lost: 70,
  hungUp: 45,
  other: 0,
  charges: 50,
  doubleCharges: 0,
  overchargedCents: 0,
  atOdds: 0,
};

describe("the table", () => {
  test("shows both tallies side by side", () => {
    const bare = { ...TALLY, charges: 365, doubleCharges: 315, overchargedCents: 123_456, atOdds: 50 };

    expect(renderTable(TALLY, bare)).toBe(
      [
        "                                         with Oncegate         without",
        "----------------------------------------------------------------------",
        "requests sent                                      365             365",
        "  answered: executed                                30              30",
        "  answered: joined a running one                   120             120",
        "  answered: replayed                                90              90",
        "  refused: key of another request                   10              10",
        "  answer lost on the way                            70              70",
        "  client hung up                                    45              45",
        "  anything else                                      0               0",
        "----------------------------------------------------------------------",
        "charges made                                        50             365",
        "double charges                                       0             315",
        "charged too much, EUR                             0.00         1234.56",
        "payments with contradicting answers                  0              50",
      ].join("\n"),
    );
  });
});

/** The output for ten payments of seven requests each. */
function watch(isTTY: boolean) {
  const written: string[] = [];
  const progress = showProgress({ isTTY, write: (text) => written.push(text) }, "storm", 10);
  for (let i = 0; i < 10; i += 1) progress.step(7);
  return written;
}

describe("the progress", () => {
  test("rewrites one line in a terminal", () => {
    const written = watch(true);

    expect(written).toHaveLength(10);
    expect(written[4]).toBe("\rstorm                  [##########..........] 5/10 payments, 35 requests");
    expect(written[9]).toBe("\rstorm                  [####################] 10/10 payments, 70 requests\n");
  });

  test("writes five lines to a log", () => {
    const written = watch(false);

    expect(written).toHaveLength(5);
    expect(written[0]).toBe("storm                  [####................] 2/10 payments, 14 requests\n");
  });
});
