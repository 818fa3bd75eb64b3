/** Texts on which a careless reader takes quadratic time or worse: what opens is never closed, and what may repeat does. */

export interface Text {
  readonly name: string;
  /** As many characters as asked for. */
  readonly make: (characters: number) => string;
}

/** `part` again and again after `start`. */
function repeated(name: string, part: string, start = "", end = ""): Text {
  const make = (characters: number): string => {
    const room = characters - start.length - end.length;
    return start + part.repeat(Math.ceil(room / part.length)).slice(0, room) + end;
  };
  return { name, make };
}

export const TEXTS: readonly Text[] = [
  repeated("a word", "a"),
  repeated("an unclosed quote", "a", '"'),
  repeated("quotes", '"'),
  repeated("escaped quotes", '\\"'),
  repeated("escaped quotes in an unclosed one", '\\"', '"'),
  repeated("escaped quotes in a closed one, and more", '\\"', '"', '"x'),
  repeated("quoted commas", '",",'),
  repeated("backslashes", "\\"),
  repeated("backslashes in an unclosed quote", "\\", '"'),
  repeated("commas", ","),
  repeated("members of a list", "a,"),
  repeated("semicolons", ";"),
  repeated("parameters", ";a=b"),
  repeated("parameters with unclosed quotes", ';a="'),
  repeated("parameters and a wrong end", "; a=b \t", "", "="),
  repeated("equals signs", "="),
  repeated("blanks", " ", "", "x"),
  repeated("blanks inside", " ", "x", "x"),
  repeated("blanks and tabs", " \t", "x", "\u00FF"),
  repeated("no-break spaces", "\u00A0", "", "x"),
  repeated("no-break spaces inside", "\u00A0", "x", "x"),
  repeated("brackets", "["),
  repeated("closed brackets", "[]"),
  repeated("brackets that close", "]"),
  repeated("open objects", '{"a":'),
  repeated("open parentheses", "("),
  repeated("angle brackets", "<"),
  repeated("percent signs", "%"),
  repeated("encoded slashes", "%2f"),
  repeated("encoded percent signs", "%25"),
  repeated("encoded bytes that are no UTF-8", "%ff"),
  repeated("unfinished escapes", "%4"),
  repeated("encoded dots", "/%2e%2e"),
  repeated("overlong slashes", "..%c0%af"),
  repeated("full-width slashes", "%ef%bc%8f"),
  repeated("slashes", "/"),
  repeated("dot segments with parameters", "/..;a"),
  repeated("dots", "."),
  repeated("labels", "a."),
  repeated("digits", "9"),
  repeated("zeros", "0", "1", "1"),
  repeated("zeros of a fraction", "0", "0.", "1"),
  repeated("signs", "-"),
  repeated("plus signs", "+"),
  repeated("tildes", "~"),
  repeated("pairs", "a=b&"),
  repeated("ampersands", "&"),
  repeated("cookies", "a=b; "),
  repeated("cookies of one name", "session=a, "),
  repeated("weights", "a/b;q=0.5,"),
  repeated("preferences", "wait = ,"),
  repeated("elements", "1,", "[", "1]"),
  repeated("strings", '"a",', "[", "1]"),
  repeated("members", '"a":1,', "{"),
  repeated("one string", "\\u0000", '"', '"'),
  repeated("line ends", "\r\n"),
  repeated("header fields", "a: b\r\n"),
  repeated("boundaries", "--b\r\n"),
  repeated("boundaries but for their end", "\r\n--bb\r"),
  repeated("parts", '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'),
];
