/** The form by which an operator decides on a record. */

import { Csrf } from "./layout.tsx";
import { type Session } from "./session.ts";

const CHOICES = {
  final: "It ran. Retries get the answer that is given here.",
  "not-executed": "It did not run, and never will. The next request with the key runs.",
  release: "Forget the record. The next request with the key runs, also if the first one did.",
  purge: "Erase the kept answer. The key stays taken: retries are told that the answer is not there.",
} as const;

export type Choice = keyof typeof CHOICES;

interface Shown {
  readonly id: string;
  readonly choices: readonly Choice[];
  readonly session: Session;
}

export function ActForm({ id, choices, session }: Shown) {
  return (
    <form class="stack" method="post" action={`/_oncegate/records/${id}`}>
      <Csrf session={session} />
      <fieldset>
        <legend>What is to be done? Nothing takes it back.</legend>
        {choices.map((choice) => (
          <>
            <label class="choice">
              <input type="radio" name="choice" value={choice} required />
              <span>{CHOICES[choice]}</span>
            </label>
            {choice === "final" ? <Answer /> : null}
          </>
        ))}
      </fieldset>
      <label class="field">
        Reason, for the audit
        <input type="text" name="why" required maxlength={1000} autocomplete="off" />
      </label>
      <button>Do it</button>
    </form>
  );
}

/** Shown where that is chosen. Whatever is sent, the rules of the API hold. */
function Answer() {
  return (
    <div class="answer">
      <label class="field">
        Status
        <input type="number" name="status" min="200" max="599" value="200" />
      </label>
      <label class="field">
        Content-Type
        <input type="text" name="type" autocomplete="off" value="application/json" />
      </label>
      <label class="field">
        Body
        <textarea name="body" spellcheck={false}></textarea>
      </label>
    </div>
  );
}
