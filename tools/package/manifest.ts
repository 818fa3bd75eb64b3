// The package.json files that are published. They are made from the project's own, which stays private: only what is built here
// can be published.

export interface Project {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The entries of the package, by their names in `exports`. Each is a module of dist/ with its types. */
const ENTRIES = { ".": "index", "./origin": "origin" } as const;

/** What both packages have. Nothing is published from a developer's machine: provenance can be made in CI only. */
function common({ license }: Project, repository: string | null): object {
  return {
    license,
    ...(repository !== null && { repository: { type: "git", url: `git+https://github.com/${repository}.git` } }),
    type: "module",
    publishConfig: { access: "public", provenance: true },
  };
}

/** `repository` is the owner and the name on GitHub, by which provenance is verified; null where it is not built there. */
export function manifestOf(project: Project, repository: string | null): object {
  const { name, version, dependencies } = project;
  const exports = Object.entries(ENTRIES).map(([entry, file]) => {
    return [entry, { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` }];
  });
  return {
    name,
    version,
    description: "Idempotency for an API on Cloudflare Workers: a retried POST runs once.",
    keywords: ["idempotency", "idempotency-key", "cloudflare-workers", "durable-objects", "hono", "retry"],
    ...common(project, repository),
    sideEffects: false,
    exports: { ...Object.fromEntries(exports), "./package.json": "./package.json" },
    files: ["dist", "CHANGELOG.md"],
    dependencies: Object.fromEntries(Object.entries(dependencies).map(([name, tested]) => [name, `^${tested}`])),
  };
}

/** The program of docs/conformance.md. It needs no other package, so `npx` has it at once. */
export function conformanceManifestOf(project: Project, repository: string | null): object {
  const name = `${project.name}-conformance`;
  return {
    name,
    version: project.version,
    description: "Tests any implementation of idempotency keys over HTTP: IETF draft, Stripe, ACP, Oncegate.",
    keywords: ["idempotency", "idempotency-key", "conformance", "testing", "http", "retry"],
    ...common(project, repository),
    bin: { [name]: "dist/main.js" },
    exports: { "./package.json": "./package.json" },
    files: ["dist"],
    // The oldest with Promise.withResolvers and zstd.
    engines: { node: ">=22.15" },
  };
}
