// The stores: all of a transaction, or nothing.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { final, memoryStore, nodeSqliteStore } from "../../../src/for-origins/index.ts";
import { attempt, fenceOver, probe } from "./requests.ts";

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), "oncegate-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "ledger.sqlite");
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  database.exec("CREATE TABLE IF NOT EXISTS charges (attempt INTEGER)");
  return database;
}

describe("the store over SQLite in Node.js", () => {
  test("writes the effect and its answer together, for another process too", async () => {
    const path = file();
    const database = open(path);
    await fenceOver(nodeSqliteStore(database)).run(attempt(1), (tx, facts) => {
      tx.prepare("INSERT INTO charges VALUES (?)").run(facts.attempt);
      return final({ status: 201, body: "charged" });
    });

    const other = open(path);
    const probed = await fenceOver(nodeSqliteStore(other)).probe(probe(1));

    expect([probed?.headers?.["Oncegate-Status"], probed?.body]).toEqual(["201", "charged"]);
    expect(other.prepare("SELECT attempt FROM charges").all()).toEqual([{ attempt: 1 }]);
  });

  test("writes nothing where the effect throws", async () => {
    const database = open(":memory:");
    const fence = fenceOver(nodeSqliteStore(database));

    const failed = fence.run(attempt(1), (tx) => {
      tx.exec("INSERT INTO charges VALUES (1)");
      throw new Error("full");
    });

    await expect(failed).rejects.toThrow("full");
    expect(database.prepare("SELECT attempt FROM charges").all()).toEqual([]);
    expect((await fence.probe(probe(1)))?.headers?.["Oncegate-Outcome"]).toBe("not-executed");
  });

  test("throws what was thrown where the database has rolled back already", () => {
    const store = nodeSqliteStore(open(":memory:"));
    const broken = () =>
      store.transaction("id", (tx) => {
        tx.exec("ROLLBACK");
        throw new Error("the disk is full");
      });
    expect(broken).toThrow("the disk is full");
    expect(store.transaction("id", () => "usable")).toBe("usable");
  });

  test("waits for no one: a second writer is refused, and its request is unknown", async () => {
    const path = file();
    const first = open(path);
    const second = nodeSqliteStore(open(path));
    first.exec("BEGIN IMMEDIATE");

    await expect(fenceOver(second).run(attempt(1), () => final({ status: 201, body: "" }))).rejects.toThrow("locked");
    first.exec("ROLLBACK");
    expect((await fenceOver(second).probe(probe(1)))?.headers?.["Oncegate-Outcome"]).toBe("not-executed");
  });
});

describe("the store in memory", () => {
  test("forgets what a transaction wrote that throws", () => {
    const store = memoryStore();
    const write = (entry: string) =>
      store.transaction("id", (rows) => {
        rows.set("charge", entry);
        store.write(rows, "id", entry);
        if (entry === "second") throw new Error("full");
      });
    write("first");

    expect(() => write("second")).toThrow("full");
    expect([store.rows.get("charge"), store.transaction("id", (rows) => store.read(rows, "id"))]).toEqual([
      "first",
      "first",
    ]);
  });
});
