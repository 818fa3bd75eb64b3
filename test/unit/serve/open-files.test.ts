import { expect, test } from "vitest";
import { hintOfOpenFiles, maxIn, openFilesMax } from "../../../scripts/serve/open-files.ts";

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             5                    6                    processes \nMax open files            ${soft}                 1048576              files     \n`;

test.each([
  ["4096", "hint: the runtime may open 4096 files"],
  ["65535", "hint: the runtime may open 65535 files"],
])("few open files are named: %s", (soft, hint) => {
  expect(hintOfOpenFiles(maxIn(limits(soft)))).toContain(hint);
});

test.each(["65536", "1048576", "unlimited"])("enough are not: %s", (soft) => {
  expect(hintOfOpenFiles(maxIn(limits(soft)))).toBeNull();
});

test("a system that does not show its limit is not judged", () => {
  expect([maxIn(""), hintOfOpenFiles(maxIn(""))]).toEqual([null, null]);
});

test.runIf(process.platform === "linux")("the limit of this process is found", () => {
  expect(openFilesMax()).toBeGreaterThan(0);
});
