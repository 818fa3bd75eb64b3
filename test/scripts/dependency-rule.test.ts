import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cruise } from "../../tools/dependency-rule/cruise.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..");

/** The tool may have to be installed first. */
const TIMEOUT_MS = 180_000;

let copy: string;

beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), "oncegate-dependency-rule-"));
  for (const name of ["src", "tsconfig.json"]) cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
});

afterEach(() => rmSync(copy, { recursive: true, force: true }));

function plant(file: string, text: string): void {
  writeFileSync(join(copy, "src", file), text);
}

test("each import against the rule fails it, type-only imports too", { timeout: TIMEOUT_MS }, () => {
  plant("http/planted-a.ts", 'import { type B } from "./planted-b.ts";\nexport type A = B | 1;\n');
  plant("http/planted-b.ts", 'import { type A } from "./planted-a.ts";\nexport type B = A | 2;\n');
  plant("http/planted-up.ts", 'import { type A } from "../identity/planted.ts";\nexport type C = A;\n');
  plant("identity/planted.ts", "export type A = 1;\n");
  plant("record/planted.ts", 'import { type Hono } from "hono";\nexport type D = Hono;\n');
  plant("planted.ts", 'import { type A } from "./identity/planted.ts";\nexport type E = A;\n');
  const { passed, report } = cruise(copy);
  expect(passed).toBe(false);
  expect(report).toMatch(/error no-circle: src\/http\/planted-a\.ts/);
  expect(report).toMatch(/error http-imports-only-rooms-below: src\/http\/planted-up\.ts → src\/identity\/planted\.ts/);
  expect(report).toMatch(/error record-imports-only-itself: src\/record\/planted\.ts → hono/);
  expect(report).toMatch(/error every-file-has-a-room: src\/planted\.ts/);
});
