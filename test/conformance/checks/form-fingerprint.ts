// Sections 3.8.10 to 3.8.12: forms compared by meaning, and when they are not.

import { type Check } from "../check.ts";
import { type Ask } from "../client.ts";
import { compare } from "./json-fingerprint.ts";

const pairs = (body: string, type = "application/x-www-form-urlencoded"): Ask => ({
  body,
  headers: [["Content-Type", type]],
});

interface Part {
  readonly header?: string;
  readonly content: string | Uint8Array;
}

const HEADER = 'Content-Disposition: form-data; name="a"';

/** A body of parts that ends with `end`. */
function parts(all: readonly Part[], boundary = "one", end = "\r\n"): Ask {
  const written = all.flatMap(({ header = HEADER, content }) => [
    Buffer.from(`--${boundary}\r\n${header}\r\n\r\n`),
    Buffer.from(content),
    Buffer.from("\r\n"),
  ]);
  return {
    body: Buffer.concat([...written, Buffer.from(`--${boundary}--${end}`)]),
    headers: [["Content-Type", `multipart/form-data; boundary="${boundary}"`]],
  };
}

const text = [{ content: "1" }];
const binary = [{ content: Buffer.from([0, 255, 13, 10, 45, 45]) }];
const file = (name: string): readonly Part[] => [{ header: `${HEADER}; filename="${name}"`, content: "x" }];

export const formFingerprint: readonly Check[] = [
  compare("3.8.10", "another percent-encoding of pairs", pairs("a=J%c3%b6e"), pairs("%61=%4a%C3%B6e"), "same"),
  compare("3.8.10", "another spelling of a space", pairs("a=1+2"), pairs("a=1%202"), "same"),
  compare("3.8.10", "another value of a pair", pairs("a=1"), pairs("a=2"), "other"),
  compare("3.8.10", "another order of one name's pairs", pairs("a=1&a=2"), pairs("a=2&a=1"), "other"),
  compare("3.8.10", "a pair without its equals sign", pairs("a="), pairs("a"), "other"),
  compare("3.8.10", "an encoded ampersand", pairs("a=1&b=2"), pairs("a=1%26b=2"), "other"),
  compare(
    "3.8.11",
    "another boundary",
    parts([...text, ...binary]),
    parts([...text, ...binary], "another one"),
    "same",
  ),
  compare("3.8.11", "no line end after the last boundary", parts(text), parts(text, "one", ""), "same"),
  compare("3.8.11", "another byte of a part", parts([{ content: "1" }]), parts([{ content: "2" }]), "other"),
  compare("3.8.11", "a file of another name", parts(file("a.png")), parts(file("b.png")), "other"),
  compare("3.8.11", "parts in another order", parts([...text, ...binary]), parts([...binary, ...text]), "other"),
  compare("3.8.11", "a part more", parts(text), parts([...text, ...text]), "other"),
  compare("3.8.12", "pairs with a semicolon and other bytes", pairs("a=1;b"), pairs("%61=1;b"), "other"),
  compare("3.8.12", "pairs with a broken escape and other bytes", pairs("a=%&b"), pairs("%61=%&b"), "other"),
  compare("3.8.12", "pairs that are not UTF-8 and other bytes", pairs("a=%ff"), pairs("a=%FF"), "other"),
  compare(
    "3.8.12",
    "pairs of another charset and other bytes",
    pairs("a=1", "application/x-www-form-urlencoded; charset=iso-8859-1"),
    pairs("%61=1", "application/x-www-form-urlencoded; charset=iso-8859-1"),
    "other",
  ),
  compare(
    "3.8.12",
    "parts with an epilogue and another boundary",
    parts(text, "one", "\r\nx"),
    parts(text, "two", "\r\nx"),
    "other",
  ),
];
