// 9, P7: no reader of text that clients write takes more than linear time.

import { describe, expect, test } from "vitest";
import { NOT_READERS } from "./not-readers.ts";
import { OTHER_MODULES } from "./other-modules.ts";
import { READERS } from "./readers.ts";
import { superlinear } from "./superlinear.ts";
import { TEXTS } from "./texts.ts";

const SOURCE = "../../../src/";

const modules = import.meta.glob<Record<string, unknown>>("../../../src/{http,identity}/*.{ts,tsx}", { eager: true });

/** The rooms that read clients' text only here and there: each module has a reader in the list, or a reason to have none. */
const others = import.meta.glob<Record<string, unknown>>(
  "../../../src/{config,console,operator,published-policy,worker}/*.{ts,tsx}",
);

/** As `room/file.ts name`. Numbers, texts and lists of them read nothing. */
const exported = Object.entries(modules).flatMap(([file, names]) => exportsOf(file, names));

function exportsOf(file: string, names: Record<string, unknown>): string[] {
  return Object.entries(names)
    .filter(([, value]) => !isText(value))
    .map(([name]) => `${file.slice(SOURCE.length)} ${name}`);
}

function isText(value: unknown): boolean {
  return ["string", "number"].includes(typeof value) || (Array.isArray(value) && value.every(isText));
}

function isOfTheseRooms(name: string): boolean {
  return /^(?:http|identity)\//.test(name);
}

/** Of the other rooms. */
function modulesWithReaders(): string[] {
  const names = Object.keys(READERS).filter((name) => name.includes("/") && !isOfTheseRooms(name));
  return [...new Set(names.map((name) => name.split(" ")[0] ?? ""))];
}

describe("the lists of readers", () => {
  test("have each export of src/http and src/identity", () => {
    expect(exported.length).toBeGreaterThan(80);
    expect(exported.filter((name) => !(name in READERS) && !(name in NOT_READERS))).toEqual([]);
  });

  test("have nothing twice, and nothing that is gone", () => {
    const ofTheseRooms = [...Object.keys(READERS), ...Object.keys(NOT_READERS)].filter(isOfTheseRooms);
    expect(ofTheseRooms.toSorted()).toEqual(exported.toSorted());
  });

  test("have each module of the other rooms once", () => {
    const files = Object.keys(others).map((file) => file.slice(SOURCE.length));
    const listed = [...Object.keys(OTHER_MODULES), ...modulesWithReaders()];
    expect(listed.toSorted()).toEqual(files.toSorted());
  });

  test("have each function of a module with a reader", async () => {
    const names: string[] = [];
    for (const module of modulesWithReaders()) {
      const functions = Object.entries((await others[SOURCE + module]?.()) ?? {}).filter(
        ([, value]) => typeof value === "function",
      );
      names.push(...functions.map(([name]) => `${module} ${name}`));
    }
    const listed = [...Object.keys(READERS), ...Object.keys(NOT_READERS)].filter(
      (name) => name.includes("/") && !isOfTheseRooms(name),
    );
    expect(listed.toSorted()).toEqual(names.toSorted());
  });
});

describe("the measurement", () => {
  test("finds a reader that takes quadratic time", async () => {
    const quadratic = (text: string): number => {
      let sum = 0;
      for (let start = 0; start < text.length; start += 12) {
        for (let at = start; at < text.length; at++) sum += text.charCodeAt(at);
      }
      return sum;
    };
    expect(await superlinear(quadratic, (characters) => "a".repeat(characters))).toMatch(/took/);
  });
});

describe("a reader takes linear time", () => {
  test.for(Object.entries(READERS))("%s", async ([, read]) => {
    const slow: string[] = [];
    for (const { name, make } of TEXTS) {
      const times = await superlinear(read, make);
      if (times !== null) slow.push(`${name}: ${times}`);
    }
    expect(slow).toEqual([]);
  });
});
