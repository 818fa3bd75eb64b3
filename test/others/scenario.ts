// What a scenario of another project's suite is here: our steps, their expectation, and where we differ, our own value.

import { type Stage } from "./stage.ts";

/** A source file of theirs, at one commit. */
export type Source = { readonly repository: string; readonly commit: string; readonly file: string };

/** Where in their text the scenario is. */
export type Place = { readonly source: Source; readonly line: number };

/** "same": their expectation holds. "no counterpart": it is about something that Oncegate does not have. */
export type Result = "same" | "differs by design" | "no counterpart";

export type Difference = {
  /** What they expect, in our words. */
  readonly theirs: string;
  /** What Oncegate does, which the run has asserted. */
  readonly ours: string;
  /** The reason, with the clause of docs/protocol.md or docs/operator-api.md. */
  readonly why: string;
};

export type Scenario = {
  /** In our words. */
  readonly title: string;
  readonly place: Place;
  readonly result: Result;
  /** Undefined where the result is the same. */
  readonly difference: Difference | undefined;
  /** Runs by itself: it stops the gateway. */
  readonly alone: boolean;
  /** Resolves if the result is as declared, rejects with what was seen if not. */
  readonly run: (stage: Stage) => Promise<void>;
};

type Steps<Seen> = {
  readonly title: string;
  readonly place: Place;
  readonly alone?: true;
  readonly play: (stage: Stage) => Promise<Seen>;
};

type Assertion<Seen> = (seen: Seen) => void | Promise<void>;

/** Their expectation holds. */
export function same<Seen>(steps: Steps<Seen> & { readonly theirs: Assertion<Seen> }): Scenario {
  const { title, place, alone = false, play, theirs } = steps;
  const run = async (stage: Stage): Promise<void> => theirs(await play(stage));
  return { title, place, alone, result: "same", difference: undefined, run };
}

/** Ours holds and theirs does not. Where theirs has come to hold, the declaration is out of date, and the run fails. */
export function differs<Seen>(
  steps: Steps<Seen> & {
    readonly difference: Difference;
    readonly theirs: Assertion<Seen>;
    readonly ours: Assertion<Seen>;
  },
): Scenario {
  const { title, place, alone = false, play, theirs, ours, difference } = steps;
  const run = async (stage: Stage): Promise<void> => {
    const seen = await play(stage);
    await ours(seen);
    if (await holds(theirs, seen)) throw new Error(`the declared difference is none: ${difference.theirs}`);
  };
  return { title, place, alone, result: "differs by design", difference, run };
}

/** Theirs cannot be asked of a gateway. What it guards against is tested instead. */
export function noCounterpart<Seen>(
  steps: Steps<Seen> & { readonly difference: Difference; readonly ours: Assertion<Seen> },
): Scenario {
  const { title, place, alone = false, play, ours, difference } = steps;
  const run = async (stage: Stage): Promise<void> => ours(await play(stage));
  return { title, place, alone, result: "no counterpart", difference, run };
}

async function holds<Seen>(assertion: Assertion<Seen>, seen: Seen): Promise<boolean> {
  try {
    await assertion(seen);
    return true;
  } catch (error) {
    // Anything but an assertion is a fault of the suite here, and no sign of a difference.
    if (error instanceof Error && error.name === "AssertionError") return false;
    throw error;
  }
}

/** A suite of theirs, or a part of one, behind one configuration. */
export type Suite = {
  readonly name: string;
  /** What it is, and what of it is rebuilt, for the page. Markdown. */
  readonly about: string;
  readonly source: Source;
  /** Its hostname here. */
  readonly host: string;
  /** The tenant's entry, without `origin`. */
  readonly entry: Readonly<Record<string, unknown>>;
  readonly scenarios: readonly Scenario[];
};

export function linkTo({ source, line }: Place): string {
  return `https://github.com/${source.repository}/blob/${source.commit}/${source.file}#L${line}`;
}
