import { describe, expect, test } from "vitest";
import { Gathered } from "../../../src/http/gathered.ts";

/** The sizes of the buffers that are allocated for `pieces`. */
function allocations(pieces: readonly number[], expectedBytes?: number): number[] {
  const sizes: number[] = [];
  const reserve = (bytes: number): boolean => sizes.push(bytes) > 0;
  const gathered = new Gathered({ reserve, ...(expectedBytes !== undefined && { expectedBytes }) });
  for (const bytes of pieces) gathered.append(new Uint8Array(bytes));
  return sizes;
}

describe("the buffer of a body that arrives in pieces", () => {
  test("is not allocated before anything has arrived, whatever is announced", () => {
    expect(allocations([], 25_000_000)).toEqual([]);
  });

  test.each<[string, number[], number | undefined, number[]]>([
    ["doubles", [10, 10, 10, 10, 10], undefined, [10, 20, 40, 80]],
    ["is as large as a piece that is larger than that", [10, 100], undefined, [10, 110]],
    ["is at its end exactly as large as announced", [10, 10, 10, 5], 35, [10, 20, 35]],
    ["is one allocation for one piece", [35], 35, [35]],
    ["doubles on where more arrives than announced", [10, 10, 1], 20, [10, 20, 40]],
  ])("%s", (_, pieces, expectedBytes, sizes) => {
    expect(allocations(pieces, expectedBytes)).toEqual(sizes);
  });

  test("is never more than twice what has arrived, and copied as a whole at most twice", () => {
    let arrived = 0;
    let copied = 0;
    let size = 0;
    const reserve = (bytes: number): boolean => {
      copied += size;
      size = bytes;
      return true;
    };
    const gathered = new Gathered({ expectedBytes: 1_000_000, reserve });
    for (; arrived < 1_000_000; arrived += 4000) {
      gathered.append(new Uint8Array(4000));
      expect(size).toBeLessThanOrEqual(2 * (arrived + 4000));
    }
    expect(copied).toBeLessThan(2_000_000);
    expect(gathered.take().buffer.byteLength).toBe(1_000_000);
  });

  test("does not grow where the memory is refused", () => {
    const gathered = new Gathered({ reserve: (bytes) => bytes <= 10 });
    expect(gathered.append(new Uint8Array(10))).toBe(true);
    expect(gathered.append(new Uint8Array(1))).toBe(false);
    expect(gathered.byteLength).toBe(10);
  });
});
