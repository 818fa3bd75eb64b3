/** What the states of a record mean, and which actions each allows. */

import { type Inspection } from "../key-object/inspection.ts";
import { type Choice } from "./act-form.tsx";

type State = Inspection["state"];

export const STATE_MEANINGS: Readonly<Record<State, string>> = {
  completed: "It ran once. Every retry gets the same answer.",
  tombstone: "It ran once. Its answer is not kept, and it is not sent again.",
  unknown: "It may have run, and it is not sent again. Check the origin's own records, then settle it.",
  pending: "It is running.",
  none: "No record has this id. The request was never sent, was undone by the origin, has expired, or was released.",
  unreadable: "The stored record is damaged or has a newer format. It is treated as unknown.",
};

export const EXPIRED = "The term of its record is over, and it is not sent again. Its answer is not kept any more.";

export const STATE_CHOICES: Readonly<Record<State, readonly Choice[]>> = {
  completed: ["purge", "release"],
  tombstone: ["release"],
  unknown: ["final", "not-executed", "release"],
  pending: [],
  none: [],
  unreadable: ["release"],
};
