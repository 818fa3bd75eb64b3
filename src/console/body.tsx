/** The body of a stored answer, which a page has only where an operator asks for it. The audit log records who did. */

import { type Inspection } from "../key-object/inspection.ts";
import { Csrf } from "./layout.tsx";
import { recordPath } from "./paths.ts";
import { type Session } from "./session.ts";

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

export function Body({ content }: { content: Content }) {
  return (
    <section id="body">
      <h2>Stored answer</h2>
      {content.kind === "none" ? (
        <p>{content.why}</p>
      ) : (
        <>
          <pre class="body" tabindex={0}>
            {content.text}
          </pre>
          {content.isCut ? <p>The rest is cut. The API gives the whole body.</p> : null}
          {content.text === "" ? <p>The body is empty.</p> : null}
        </>
      )}
    </section>
  );
}

export function ShowBody({ id, session, bytes }: { id: string; session: Session; bytes: number }) {
  return (
    <section>
      <h2>Stored answer</h2>
      <p>The body has {bytes} bytes, and may hold personal data. The audit log records that you read it.</p>
      <form method="post" action={`${recordPath(id)}/body`}>
        <Csrf session={session} />
        <button class="quiet">Show the stored answer</button>
      </form>
    </section>
  );
}
