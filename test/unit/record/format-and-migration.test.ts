import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseTomlSource } from "../../../scripts/deployment/source.ts";
import { configFor } from "../../../scripts/deployment/wrangler-config.ts";
import { FORMAT } from "../../../src/record/stored-record.ts";

const TEXT = readFileSync(join(import.meta.dirname, "../../../wrangler.toml"), "utf8");

function deployed(environment: string | null) {
  const source = parseTomlSource(TEXT);
  if (source.kind === "syntax") throw new Error(source.message);
  return configFor(source.table, environment);
}

describe.each([null, "production"])("a change of the stored format comes with a migration: environment %s", (env) => {
  test("the tag of the newest migration is the number of the format", () => {
    const tags = deployed(env).migrations.map(({ tag }) => tag);
    expect(tags).toEqual(Array.from({ length: FORMAT }, (_, index) => `v${index + 1}`));
  });

  test("every class that stores something is created by one, with SQLite", () => {
    const { migrations, durable_objects: objects } = deployed(env);
    const created = migrations.flatMap(({ new_sqlite_classes: names }) => names);
    const bound = objects.bindings.map(({ class_name: name }) => name);
    expect(new Set(created)).toEqual(new Set(bound));
  });
});
