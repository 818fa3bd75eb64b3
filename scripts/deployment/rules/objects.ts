// Rules about Durable Objects: the bindings, the classes and their storage, and how an update treats a running attempt.

import { TENANTS_KV } from "../../../src/config/kv-entry.ts";
import { type Tenant } from "../../../src/config/policy.ts";
import { DEFAULT_POLICY } from "../../../src/config/profiles.ts";
import { REQUIRED_OBJECTS } from "../../../src/config/required-objects.ts";
import { FORMAT } from "../../../src/record/stored-record.ts";
import { type Deployment } from "../deployment.ts";
import { type Found, type Rule } from "../rule.ts";

const CLASSES: readonly string[] = Object.values(REQUIRED_OBJECTS);

/** The platform's default of `max_delay`. */
const DELAY_SECONDS_DEFAULT = 300;

/** More than every `origin_deadline` can be. */
const DELAY_SECONDS = 900;

const objectBindings: Rule = {
  id: "object-bindings",
  because: "without its objects the gateway can record nothing, and an environment inherits no bindings.",
  check: ({ config: { durable_objects: objects } }) =>
    Object.entries(REQUIRED_OBJECTS).flatMap(([name, className]): Found[] => {
      const fix = `durable_objects.bindings: { name = "${name}", class_name = "${className}" }`;
      const index = objects.bindings.findIndex((binding) => binding.name === name);
      const bound = objects.bindings[index];
      const path = ["durable_objects", "bindings"];
      if (bound === undefined) return [{ path, message: `the binding ${name} is missing`, fix }];
      if (bound.class_name === className && bound.script_name === undefined) return [];
      const found = bound.script_name === undefined ? bound.class_name : `objects of ${bound.script_name}`;
      return [{ path: [...path, index], message: `${name} is bound to ${found}`, fix }];
    }),
};

const migrations: Rule = {
  id: "migrations",
  because:
    "a class that is not created with SQLite stores nothing, one that is deleted or moved loses every record, and the newest tag refuses rollbacks to another stored format.",
  check: ({ config }) => {
    if (config.exports !== undefined) {
      const message = "exports declares classes, so a change of the stored format refuses no rollback";
      return [{ path: ["exports"], message, fix: "use [[migrations]], as the committed wrangler.toml does" }];
    }
    return [
      ...missingClasses(config.migrations),
      ...lossesIn(config.migrations),
      ...tagFaults(config.migrations),
      ...stepsWithoutClass(config.migrations),
    ];
  },
};

type Migrations = Deployment["config"]["migrations"];

function missingClasses(all: Migrations): Found[] {
  const created = new Set(all.flatMap(({ new_sqlite_classes: names }) => names));
  const missing = CLASSES.filter((name) => !created.has(name));
  if (missing.length === 0) return [];
  const fix = `[[migrations]] with tag = "v1" and new_sqlite_classes = ${JSON.stringify(CLASSES)}`;
  return [{ path: ["migrations"], message: `no migration creates ${missing.join(", ")} with SQLite`, fix }];
}

/** What a migration does to the gateway's classes that a deploy must not do. */
function lossesIn(all: Migrations): Found[] {
  return all.flatMap((migration, index) => {
    const { new_classes, deleted_classes, renamed_classes, transferred_classes } = migration;
    const moved = [...renamed_classes, ...transferred_classes].flatMap(({ from, to }) => [from, to]);
    const harms = [
      ["new_classes", new_classes, "creates it without SQLite"],
      ["deleted_classes", deleted_classes, "deletes every record in it"],
      ["renamed_classes", moved, "moves its records away"],
    ] as const;
    return harms.flatMap(([field, names, harm]) =>
      names.filter((name) => CLASSES.includes(name)).map((name) => lossOf(index, field, `${name}: ${field} ${harm}`)),
    );
  });
}

function lossOf(index: number, field: string, message: string): Found {
  return { path: ["migrations", index, field], message, fix: `remove the class from ${field}` };
}

function tagFaults(all: Migrations): Found[] {
  const tags = all.map(({ tag }) => tag ?? "");
  const expected = Array.from({ length: FORMAT }, (_, index) => `v${index + 1}`);
  if (all.length === 0 || tags.join() === expected.join()) return [];
  const message = `the tags are ${tags.join(", ")}, and the stored format is ${FORMAT}`;
  return [{ path: ["migrations"], message, fix: `keep the migrations of the committed file: ${expected.join(", ")}` }];
}

/** Across such a step, the platform may allow a rollback. */
function stepsWithoutClass(all: Migrations): Found[] {
  return all.flatMap(({ tag = "", ...classes }, index): Found[] => {
    if (Object.values(classes).some((names) => names.length > 0)) return [];
    const fix = `new_sqlite_classes = ["Format${index + 1}"], and export that class`;
    return [{ path: ["migrations", index], message: `${tag} changes no class`, fix }];
  });
}

export const codeUpdateStrategy: Rule = {
  id: "code-update-strategy",
  because: "a deploy that does not wait for the longest attempt cuts it, and its outcome is unknown.",
  check: (deployment) => {
    const longestMs = longestAttemptMs(deployment);
    const found = strategyFault(deployment, longestMs);
    return found === null ? [] : [found];
  },
};

/** `longestMs` is that of the tenants which the rule is to protect. */
export function strategyFault({ config }: Deployment, longestMs: number): Found | null {
  const { code_update_strategy: strategy } = config.durable_objects;
  const delaySeconds = strategy?.mode === "immediate" ? 0 : (strategy?.max_delay ?? DELAY_SECONDS_DEFAULT);
  if (delaySeconds * 1000 > longestMs) return null;
  return {
    path: ["durable_objects", "code_update_strategy"],
    message: `${strategy === undefined ? "it is not set, so a deploy" : "it"} allows a running attempt ${delaySeconds} s, and the longest origin_deadline is ${longestMs / 1000} s`,
    fix: `code_update_strategy = { mode = "deferred", max_delay = ${DELAY_SECONDS} }`,
  };
}

/** Entries in KV are not known here, so the default counts for them. */
function longestAttemptMs({ tenants, config }: Deployment): number {
  const hasKv = config.kv_namespaces.some(({ binding }) => binding === TENANTS_KV);
  const known = tenants.flatMap(({ tenant }) => (tenant === null ? [] : deadlinesOf(tenant)));
  return Math.max(0, ...known, ...(hasKv || known.length === 0 ? [DEFAULT_POLICY.originDeadlineMs] : []));
}

/** In milliseconds. */
export function deadlinesOf({ policy, routes }: Tenant): number[] {
  return [policy, ...routes.map((route) => route.policy)].map(({ originDeadlineMs }) => originDeadlineMs);
}

export const OBJECT_RULES: readonly Rule[] = [objectBindings, migrations, codeUpdateStrategy];
