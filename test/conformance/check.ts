import { type Context } from "./context.ts";
import { type Need } from "./tenants.ts";

/** One check: what docs/protocol.md promises in a section, and how to see whether it holds. */
export type Check = {
  readonly section: string;
  /** The behaviour, in the present tense. Section and title together name one check. */
  readonly title: string;
  /** The special policy without which the check says nothing. Its paths lie under the prefix of that policy. */
  readonly needs?: Need;
  /** Runs by itself: it loads the machine, or reads what all other checks left behind. */
  readonly alone?: boolean;
  /** Resolves if the promise holds, rejects with what was seen if not. */
  readonly run: (context: Context) => Promise<void>;
};

export function nameOf(check: Check): string {
  return `${check.section} ${check.title}`;
}
