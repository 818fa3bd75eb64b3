/** The body of a stored answer as far as a page can show it. Pure. */

import { type Inspection } from "../key-object/inspection.ts";

/** A page is made as a whole. The API gives bodies of up to 5 MB. */
export const BODY_CHARACTERS_MAX = 100_000;

export type Content =
  | { readonly kind: "text"; readonly text: string; readonly isCut: boolean }
  | { readonly kind: "none"; readonly why: string };

/** `answer` is read with its body. */
export function contentOf(answer: Inspection["answer"]): Content {
  if (answer === null) return { kind: "none", why: "The record has no stored answer." };
  const { body, bodyBytes, headers } = answer;
  if (body === null) return { kind: "none", why: `The body of ${bodyBytes} bytes is too large to read here.` };
  const coding = headers.find(([name]) => name === "content-encoding")?.[1];
  if (coding !== undefined) return { kind: "none", why: `The body is coded as ${coding}. The API gives its bytes.` };
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body);
    const isCut = text.length > BODY_CHARACTERS_MAX;
    return { kind: "text", text: isCut ? text.slice(0, BODY_CHARACTERS_MAX) : text, isCut };
  } catch {
    // Not UTF-8: a page has no way to show it that would not mislead.
    return { kind: "none", why: "The body is not text. The API gives its bytes." };
  }
}
