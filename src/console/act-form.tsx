/** The form by which an operator acts on a record. */

import { Csrf } from "./layout.tsx";
import { type Session } from "./session.ts";

const CHOICES = {
  final: { label: "Settle as executed", effect: "It ran. Retries get the answer given here." },
  "not-executed": {
    label: "Settle as not executed",
    effect: "It did not run and never will. The next request with the key executes.",
  },
  release: {
    label: "Release key",
    effect: "Delete the record. The next request with the key executes, even if the first one did.",
  },
  purge: {
    label: "Purge answer",
    effect: "Erase the stored answer. The key stays taken: retries get 409 replay_unavailable.",
  },
} as const;

export type Choice = keyof typeof CHOICES;

interface Props {
  readonly id: string;
  readonly choices: readonly Choice[];
  /** The attempt that the page shows; null where the record names none. The form acts on no other. */
  readonly attemptId: string | null;
  readonly session: Session;
}

/** There is one button per choice; the style shows the button of the selected choice only. */
export function ActForm({ id, choices, attemptId, session }: Props) {
  return (
    <form class="stack" method="post" action={`/_oncegate/records/${id}`}>
      <Csrf session={session} />
      <input type="hidden" name="attempt_id" value={attemptId ?? ""} />
      <fieldset>
        <legend>Choose an action. It can't be undone.</legend>
        {choices.map((choice) => (
          <>
            <label class="choice">
              <input type="radio" name="choice" value={choice} required />
              <span>
                <b>{CHOICES[choice].label}</b>: {CHOICES[choice].effect}
              </span>
            </label>
            {choice === "final" ? <AnswerFields /> : null}
          </>
        ))}
      </fieldset>
      <label class="field">
        Reason, for the audit log
        <input type="text" name="why" required maxlength={1000} autocomplete="off" />
      </label>
      {choices.map((choice) => (
        <button class={`act act-${choice}`}>{CHOICES[choice].label}</button>
      ))}
    </form>
  );
}

/** Visible only while "Settle as executed" is selected. The browser always sends these fields; other choices ignore them. */
export function AnswerFields() {
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
