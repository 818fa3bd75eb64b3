import { describe, expect, test } from "vitest";
import { SETTLE_MANY } from "../../../src/operator/list-requests.ts";
import { checked, readBody } from "../../../src/operator/requests.ts";

const settle = { outcome: "not-executed", why: "x" };

async function detailOf(body: object): Promise<string> {
  const request = new Request("https://api.test/", { method: "POST", body: JSON.stringify(body) });
  const read = await readBody(request, SETTLE_MANY);
  return Object(read)["detail"];
}

describe("a request with many faults", () => {
  test("of a few names each of them", async () => {
    expect(await detailOf({ records: [0, 0], settle })).toBe(
      "records.0 must be an object; records.1 must be an object",
    );
  });

  test("gets the first twenty, and how many there are", async () => {
    const detail = await detailOf({ records: Array(30).fill(0), settle });
    expect(detail.split("; ")).toHaveLength(21);
    expect(detail).toMatch(/; 10 more$/);
  });

  test("of a size that no operator writes gets the first", async () => {
    expect(await detailOf({ records: Array(900_000).fill(0), settle })).toBe("records.0 must be an object");
  });

  test("has a bound for the names in it", () => {
    const headers = { ["a ".repeat(5000)]: "x" };
    const read = checked({ settle: { outcome: "final", status: 200, headers, why: "x" }, records: [] }, SETTLE_MANY);
    expect(String(Object(read)["detail"]).length).toBeLessThan(500);
  });
});
