/** The form by which an operator acts on a record. */

import { RELEASE_WORD } from "./form.ts";
import { Csrf } from "./layout.tsx";
import { recordPath } from "./paths.ts";
import { type Session } from "./session.ts";

export const CHOICES = {
  final: {
    label: "Answer with …",
    button: "Answer retries with this",
    effect: "It ran. Every retry gets the answer that you enter here.",
  },
  "not-executed": {
    label: "Let the next retry run",
    button: "Let the next retry run",
    effect: "It did not run and never will. The next request with the key executes.",
  },
  release: {
    label: "Forget the key",
    button: "Forget the key",
    effect: "It may have run. The record is deleted, and the next request with the key executes, again if it did.",
  },
  purge: {
    label: "Erase the stored answer",
    button: "Erase the stored answer",
    effect: "It ran. The key stays taken: retries get 409 replay_unavailable, and nothing runs.",
  },
} as const;

export type Choice = keyof typeof CHOICES;

interface Props {
  readonly id: string;
  readonly choices: readonly Choice[];
  /** The attempt that the page shows; null where the record names none. The form acts on no other. */
  readonly attemptId: string | null;
  readonly session: Session;
  /** What a refused form had; null before the first. */
  readonly values: URLSearchParams | null;
}

/** There is one button per choice; the style shows the button of the selected choice only. */
export function ActForm({ id, choices, attemptId, session, values }: Props) {
  return (
    <form class="stack" method="post" action={recordPath(id)}>
      <Csrf session={session} />
      <input type="hidden" name="attempt_id" value={attemptId ?? ""} />
      <fieldset>
        <legend>Choose an action. It can't be undone.</legend>
        {choices.map((choice) => (
          <>
            <label class="choice">
              <input type="radio" name="choice" value={choice} required checked={values?.get("choice") === choice} />
              <span>
                <b>{CHOICES[choice].label}</b>: {CHOICES[choice].effect}
              </span>
            </label>
            {choice === "final" ? <AnswerFields values={values} /> : null}
            {choice === "release" ? <ConfirmField values={values} /> : null}
          </>
        ))}
      </fieldset>
      <ReasonField values={values} />
      {choices.map((choice) => (
        <button class={`act act-${choice}`}>{CHOICES[choice].button}</button>
      ))}
    </form>
  );
}

interface ValuesProps {
  readonly values: URLSearchParams | null;
}

export function ReasonField({ values }: ValuesProps) {
  return (
    <label class="field">
      Reason, for the audit log
      <input type="text" name="why" required maxlength={1000} autocomplete="off" value={values?.get("why") ?? ""} />
    </label>
  );
}

/** The gateway checks the word, since a browser would require a field that the style hides. */
function ConfirmField({ values }: ValuesProps) {
  return (
    <div class="confirm">
      <label class="field">
        <span>
          Type <b>{RELEASE_WORD}</b> to confirm that it may run again
        </span>
        <input type="text" name="confirm" autocomplete="off" value={values?.get("confirm") ?? ""} />
      </label>
    </div>
  );
}

/** Visible only while an answer is asked for. The browser always sends these fields; other choices ignore them. */
export function AnswerFields({ values }: ValuesProps) {
  return (
    <div class="answer">
      <label class="field">
        Status
        <input type="number" name="status" min="200" max="599" value={values?.get("status") ?? "200"} />
      </label>
      <label class="field">
        Content-Type
        <input type="text" name="type" autocomplete="off" value={values?.get("type") ?? "application/json"} />
      </label>
      <label class="field">
        Body
        <textarea name="body" spellcheck={false}>
          {values?.get("body") ?? ""}
        </textarea>
      </label>
    </div>
  );
}
