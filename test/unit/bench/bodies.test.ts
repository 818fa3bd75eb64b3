import { expect, test } from "vitest";
import { tablesOf } from "../../../bench/bodies/report.ts";

test("what bodies cost is two tables: the first byte, and the memory by size", () => {
  const tables = tablesOf({
    facts: { date: "2026-11-27T10:00:00.000Z", machine: "2 × CPU", versions: {}, commit: "abc", command: "" },
    storage: "/dev/shm",
    firstByte: { oncegate: [9, 7, 8], passThrough: [1, 2, 3] },
    peaks: [
      { what: "an answer, executed", megabytes: 10, peak: 92 },
      { what: "an answer, executed", megabytes: 1, peak: 69 },
      { what: "a request, executed", megabytes: 1, peak: 71 },
    ],
  });
  expect(tables).toContain("| Oncegate | 8.0 | 7.0 | 9.0 |");
  expect(tables).toContain("| **difference** | 5.0 | 5.0 | 8.0 |");
  expect(tables).toContain("| memory at most, MB, by the size of the body in MB | 1 | 10 |\n|---|---|---|");
  expect(tables).toContain("| an answer, executed | 69 | 92 |\n| a request, executed | 71 |  |");
  expect(tables).toContain("2026-11-27, 2 × CPU; ; commit abc. Storage in /dev/shm.");
});
