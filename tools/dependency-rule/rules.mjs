/** The direction of imports in `src/`, for dependency-cruiser. Type-only imports count: they are a part of what a reader must know. */

/** A room may import the rooms below it, and no other. docs/architecture.md has the picture. */
const ROOMS = [
  "package",
  "for-origins",
  "worker",
  "console",
  "operator",
  "key-object",
  "journal",
  "origin",
  "call",
  "published-policy",
  "config",
  "identity",
  "http",
  "record",
];

const TOP = "^src/index[.]ts$";
const LOG = "^src/log[.]ts$";
const KNOWN = `^src/(index[.]ts|log[.]ts|(${ROOMS.join("|")})/)`;

/** @param {readonly string[]} rooms */
const inside = (rooms) => `^src/(${rooms.join("|")})/`;

const noImportUp = ROOMS.map((room, at) => ({
  name: `${room}-imports-only-rooms-below`,
  severity: "error",
  from: { path: inside([room]) },
  to: { path: "^src/", pathNot: [inside(ROOMS.slice(at)), LOG] },
}));

export default {
  forbidden: [
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    ...noImportUp,
    {
      name: "record-imports-only-itself",
      comment: "Not even a package or the log: the core is pure.",
      severity: "error",
      from: { path: "^src/record/" },
      to: { pathNot: "^src/record/" },
    },
    {
      name: "for-origins-runs-anywhere",
      comment: "An API that uses it runs on any platform, and may be small.",
      severity: "error",
      from: { path: "^src/for-origins/" },
      to: { path: "^src/", pathNot: inside(["for-origins", "identity", "http", "record"]) },
    },
    {
      name: "for-origins-is-no-part-of-the-gateway",
      comment: "It is an entry of the package of its own, and never in the bundle of the gateway.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/for-origins/" },
      to: { path: "^src/for-origins/" },
    },
    { name: "log-imports-nothing", severity: "error", from: { path: LOG }, to: {} },
    {
      name: "src-imports-no-other-folder",
      comment: "Tests, scripts and tools are not deployed.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(bench|examples|scripts|test|tools)/" },
    },
    {
      name: "every-file-has-a-room",
      comment: "Add a new room to ROOMS, at the place that its imports need.",
      severity: "error",
      from: { path: "^src/", pathNot: KNOWN },
      to: {},
    },
    {
      name: "no-import-of-an-unknown-room",
      severity: "error",
      from: { path: TOP },
      to: { path: "^src/", pathNot: KNOWN },
    },
  ],
  options: {
    // Without this, an import that TypeScript erases would not be seen.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
