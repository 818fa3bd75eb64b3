// How the packages are built.

const BOTH = {
  cwd: "../..",
  format: "esm",
  target: "es2024",
  deps: { neverBundle: [/^cloudflare:/, /^node:/] },
  tsconfig: "tsconfig.json",
  clean: true,
  hash: false,
  fixedExtension: false,
};

/** One module for each entry of its exports, and one for what they share. */
const PACKAGE = {
  ...BOTH,
  entry: { index: "src/package/index.ts", origin: "src/for-origins/index.ts" },
  outDir: "dist/package/dist",
  platform: "neutral",
  // Types come from the source as it is written: what the entries export has its types spelled out.
  dts: { oxc: true },
  // An import of types alone leaves none of its module behind.
  treeshake: { moduleSideEffects: "no-external" },
};

/** A program in one file. */
const CONFORMANCE = {
  ...BOTH,
  entry: { main: "test/conformance/program/main.ts" },
  outDir: "dist/conformance/dist",
  platform: "node",
  dts: false,
};

export default [PACKAGE, CONFORMANCE];
