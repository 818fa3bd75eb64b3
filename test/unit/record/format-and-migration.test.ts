import { describe, expect, test } from "vitest";
import { readDeployment } from "../../../scripts/check-config.ts";
import { FORMAT } from "../../../src/record/stored-record.ts";

interface Deployed {
  readonly migrations: readonly { readonly tag: string; readonly new_sqlite_classes?: readonly string[] }[];
  readonly durable_objects: { readonly bindings: readonly { readonly class_name: string }[] };
}

/** wrangler.toml as wrangler reads it. */
function deployed(environment: string | undefined): Deployed {
  return readDeployment(new URL("../../../wrangler.toml", import.meta.url).pathname, environment);
}

describe.each([undefined, "production"])(
  "a change of the stored format comes with a migration: environment %s",
  (env) => {
    test("the tag of the newest migration is the number of the format", () => {
      const tags = deployed(env).migrations.map(({ tag }) => tag);
      expect(tags).toEqual(Array.from({ length: FORMAT }, (_, index) => `v${index + 1}`));
    });

    test("every class that stores something is created by one, with SQLite", () => {
      const { migrations, durable_objects: objects } = deployed(env);
      const created = migrations.flatMap(({ new_sqlite_classes: names = [] }) => names);
      const bound = objects.bindings.map(({ class_name: name }) => name);
      expect(new Set(created)).toEqual(new Set(bound));
    });
  },
);
