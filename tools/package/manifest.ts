// The package.json that is published. It is made from the project's own, which stays private: only what is built here can be published.

interface Project {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The entries of the package, by their names in `exports`. Each is a module of dist/ with its types. */
const ENTRIES = { ".": "index", "./origin": "origin" } as const;

/** `repository` is the owner and the name on GitHub, by which provenance is verified; null where it is not built there. */
export function manifestOf({ name, version, license, dependencies }: Project, repository: string | null): object {
  const exports = Object.entries(ENTRIES).map(([entry, file]) => {
    return [entry, { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` }];
  });
  return {
    name,
    version,
    description: "Idempotency for an API on Cloudflare Workers: a retried POST runs once.",
    keywords: ["idempotency", "idempotency-key", "cloudflare-workers", "durable-objects", "hono", "retry"],
    license,
    ...(repository !== null && { repository: { type: "git", url: `git+https://github.com/${repository}.git` } }),
    type: "module",
    sideEffects: false,
    exports: { ...Object.fromEntries(exports), "./package.json": "./package.json" },
    files: ["dist", "CHANGELOG.md"],
    dependencies: Object.fromEntries(Object.entries(dependencies).map(([name, tested]) => [name, `^${tested}`])),
    // Nothing is published from a developer's machine: provenance can be made in CI only.
    publishConfig: { access: "public", provenance: true },
  };
}
