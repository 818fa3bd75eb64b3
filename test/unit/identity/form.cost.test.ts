// Clients choose bodies: no form of at most 1 MB may take long or throw, even under the largest rule.

import { describe, expect, test } from "vitest";
import { type FingerprintSettings } from "../../../src/identity/fingerprint.ts";
import { type Change, identityOf } from "./requests.ts";

const MEGABYTE = 1_000_000;

/** Far more than a linear parser needs on a busy machine, and far less than a quadratic one needs on a fast one. */
const MS_MAX = 15_000;

function megabyteOf(part: string): string {
  return part.repeat(MEGABYTE / part.length);
}

/** How the body was compared. */
async function measured(sent: Change, settings: Partial<FingerprintSettings> = {}): Promise<"by meaning" | "by bytes"> {
  const start = performance.now();
  const { fingerprint, plain } = await identityOf(sent, settings);
  expect(performance.now() - start).toBeLessThan(MS_MAX);
  return fingerprint === plain ? "by bytes" : "by meaning";
}

describe("3.8.12 a megabyte of pairs", () => {
  const pairs = (body: string): Change => ({ contentType: "application/x-www-form-urlencoded", body });

  test.each([
    ["one value", `a=${"b".repeat(MEGABYTE - 2)}`],
    ["one name", megabyteOf("a")],
    ["escapes", megabyteOf("%41")],
    ["spaces", megabyteOf("+")],
    ["equals signs", megabyteOf("=")],
    ["1,000 pairs", `${"a=".padEnd(990, "b")}&`.repeat(999) + "a"],
  ])("is parsed quickly: %s", async (_, body) => {
    expect(await measured(pairs(body))).toBe("by meaning");
  });

  test.each([
    ["ampersands", megabyteOf("&")],
    ["pairs", megabyteOf("a&")],
    ["percent signs", megabyteOf("%")],
    ["a broken escape behind others", `${megabyteOf("%41").slice(0, -9)}%4`],
    ["what is not UTF-8", megabyteOf("%ff")],
    ["a space at the end", `${megabyteOf("a").slice(1)} `],
  ])("is rejected quickly: %s", async (_, body) => {
    expect(await measured(pairs(body))).toBe("by bytes");
  });
});

describe("3.8.12 a megabyte of parts", () => {
  /** A boundary that makes a naive search slow. */
  const boundary = `${"-".repeat(34)}X${"-".repeat(34)}X`;
  const contentType = `multipart/form-data; boundary="${boundary}"`;
  const head = 'Content-Disposition: form-data; name="a"';
  const parts = (content: string, fields = head): Change => ({
    contentType,
    body: `--${boundary}\r\n${fields}\r\n\r\n${content}\r\n--${boundary}--`,
  });

  test.each([
    ["dashes", megabyteOf("-")],
    ["carriage returns", megabyteOf("\r")],
    ["line ends", megabyteOf("\r\n")],
    ["boundaries but for their end", megabyteOf(`\r\n--${boundary.slice(0, -1)}`)],
    ["half boundaries", megabyteOf(`${"-".repeat(36)}X`)],
    ["dashes between others", megabyteOf("-x")],
    ["text", megabyteOf("x")],
  ])("is parsed quickly: %s", async (_, content) => {
    expect(await measured(parts(content))).toBe("by meaning");
  });

  test("is parsed quickly: 1,000 parts with many fields", async () => {
    const part = `--${boundary}\r\n${head}${"; a=b".repeat(60)}\r\nX: ${" ".repeat(400)}\r\n\r\n\r\n`;
    expect(await measured({ contentType, body: `${part.repeat(1000)}--${boundary}--` })).toBe("by meaning");
  });

  test.each([
    ["boundaries", { contentType, body: megabyteOf(`--${boundary}\r\n`) }],
    ["small parts", { contentType, body: megabyteOf(`--${boundary}\r\n${head}\r\n\r\n\r\n`) }],
    ["no boundary", { contentType, body: megabyteOf("-") }],
    ["no end", { contentType, body: `--${boundary}\r\n${megabyteOf("-")}` }],
    ["header fields", parts("", megabyteOf("a: b\r\n"))],
    ["one header field", parts("", `a: ${megabyteOf(" ")}`)],
    ["no empty line", { contentType, body: `--${boundary}\r\n${megabyteOf("\r\n\r")}\r\n--${boundary}--` }],
    ["white space in a disposition", parts("", `Content-Disposition: form-data${" ".repeat(8000)}x`)],
    ["quotes in a disposition", parts("", `Content-Disposition: form-data${'; a="'.repeat(1500)}`)],
    ["parameters and a wrong end", parts("", `Content-Disposition: form-data${"; a=b \t".repeat(1000)}=`)],
  ])("is rejected quickly: %s", async (_, sent) => {
    expect(await measured(sent)).toBe("by bytes");
  });
});

describe("3.8.5, 3.8.6 a megabyte of JSON under a rule with 16 pointers", () => {
  const members = `{${Array.from({ length: 70_000 }, (_, index) => `"name-${index}":1`).join(",")}}`;
  const elements = `[${megabyteOf("1,").slice(2)}]`;
  const nested = `${'{"a":'.repeat(60)}[${megabyteOf("1,").slice(400)}1]${"}".repeat(60)}`;
  const inside = Array.from({ length: 16 }, (_, index) => Array.from({ length: index + 1 }, () => "a"));
  const indices = Array.from({ length: 16 }, (_, index) => [String(index * 1000)]);
  const names = Array.from({ length: 16 }, (_, index) => [`name-${index}`]);
  const long = Array.from({ length: 16 }, () => Array.from({ length: 10_000 }, () => "a"));

  test.each([
    ["members", members, names],
    ["elements", elements, indices],
    ["values inside of each other", nested, inside],
    ["one value, again and again", nested, Array.from({ length: 16 }, () => ["a"])],
    ["pointers beyond all levels", nested, long],
    ["nothing", members, indices],
  ])("is compared quickly: %s", async (_, body, pointers) => {
    await measured({ body }, { ignore: pointers });
    await measured({ body }, { only: pointers });
    await measured({ body }, { only: pointers, ignore: pointers.map((pointer) => [...pointer, "b"]) });
  });
});
