// How the package is built: one module for each entry of its exports, and one for what they share.

export default {
  cwd: "../..",
  entry: { index: "src/package/index.ts", origin: "src/for-origins/index.ts" },
  outDir: "dist/package/dist",
  format: "esm",
  platform: "neutral",
  target: "es2024",
  // Types come from the source as it is written: what the entries export has its types spelled out.
  dts: { oxc: true },
  deps: { neverBundle: [/^cloudflare:/, /^node:/] },
  // An import of types alone leaves none of its module behind.
  treeshake: { moduleSideEffects: "no-external" },
  tsconfig: "tsconfig.json",
  clean: true,
  hash: false,
  fixedExtension: false,
};
