// 9, P7: no reader of text that clients write takes more than linear time.

import { describe, expect, test } from "vitest";
import { superlinear } from "./superlinear.ts";
import { NOT_READERS } from "./not-readers.ts";
import { READERS } from "./readers.ts";
import { TEXTS } from "./texts.ts";

const SOURCE = "../../../src/";

const modules = import.meta.glob<Record<string, unknown>>("../../../src/{http,identity}/*.{ts,tsx}", { eager: true });

/** As `room/file.ts name`. Numbers, texts and lists of them read nothing. */
const exported = Object.entries(modules).flatMap(([file, names]) =>
  Object.entries(names)
    .filter(([, value]) => !isText(value))
    .map(([name]) => `${file.slice(SOURCE.length)} ${name}`),
);

function isText(value: unknown): boolean {
  return ["string", "number"].includes(typeof value) || (Array.isArray(value) && value.every(isText));
}

describe("the lists of readers", () => {
  test("have each export of src/http and src/identity", () => {
    expect(exported.length).toBeGreaterThan(80);
    expect(exported.filter((name) => !(name in READERS) && !(name in NOT_READERS))).toEqual([]);
  });

  test("have nothing twice, and nothing that is gone", () => {
    const ofTheseRooms = Object.keys(READERS).filter((name) => /^(?:http|identity)\//.test(name));
    const listed = [...ofTheseRooms, ...Object.keys(NOT_READERS)];
    expect(listed.toSorted()).toEqual(exported.toSorted());
  });
});

describe("the measurement", () => {
  test("finds a reader that takes quadratic time", async () => {
    const quadratic = (text: string): number => {
      let sum = 0;
      for (let start = 0; start < text.length; start += 20) {
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
