// A fence over the SQLite of a Durable Object.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { durableObjectStore } from "../../../src/for-origins/index.ts";
import { uniqueKey } from "../../support/gateway.ts";
import { objectOf } from "../../support/records.ts";

describe("the store over a Durable Object", () => {
  test("keeps what a transaction wrote, and nothing of one that throws", async () => {
    const object = await objectOf(uniqueKey(), "/v1/charges");
    await runInDurableObject(object, (_, { storage }) => {
      const store = durableObjectStore(storage);
      storage.sql.exec("CREATE TABLE charges (id TEXT)");
      const write = (entry: string) =>
        store.transaction("id", (sql) => {
          sql.exec("INSERT INTO charges VALUES (?)", entry);
          store.write(sql, "id", entry);
          if (entry === "third") throw new Error("full");
          return store.read(sql, "id");
        });

      expect(store.transaction("id", (sql) => store.read(sql, "id"))).toBeNull();
      expect([write("first"), write("second")]).toEqual(["first", "second"]);
      expect(() => write("third")).toThrow("full");

      const again = durableObjectStore(storage);
      expect(again.transaction("id", (sql) => again.read(sql, "id"))).toBe("second");
      expect(storage.sql.exec("SELECT id FROM charges").toArray()).toEqual([{ id: "first" }, { id: "second" }]);
    });
  });
});
