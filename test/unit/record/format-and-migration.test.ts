import { describe, expect, test } from "vitest";
import { FORMAT } from "../../../src/record/stored-record.ts";
import { committedConfig } from "../../support/committed.ts";

describe.each([null, "production"])("a change of the stored format comes with a migration: environment %s", (env) => {
  test("the tag of the newest migration is the number of the format", () => {
    const tags = committedConfig(env).migrations.map(({ tag }) => tag);
    expect(tags).toEqual(Array.from({ length: FORMAT }, (_, index) => `v${index + 1}`));
  });

  test("every class that stores something is created by one, with SQLite", () => {
    const { migrations, durable_objects: objects } = committedConfig(env);
    const created = migrations.flatMap(({ new_sqlite_classes: names }) => names);
    const bound = objects.bindings.map(({ class_name: name }) => name);
    expect(created).toEqual(expect.arrayContaining(bound));
  });
});
