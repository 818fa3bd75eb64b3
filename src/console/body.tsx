/** The body of a stored answer, which a page has only where an operator asks for it. The audit log records who did. */

import { type Content } from "./content.ts";
import { Csrf } from "./layout.tsx";
import { recordPath } from "./paths.ts";
import { type Session } from "./session.ts";

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
