import { type Context } from "./context.ts";
import { type Need } from "./tenants.ts";

/** One check: what a contract promises in a section, and how to see whether it holds. */
export type Check = {
  /** A section of docs/protocol.md, or of another contract, whose name comes first: "Stripe: replays". */
  readonly section: string;
  /** The behaviour, in the present tense. Section and title together name one check. */
  readonly title: string;
  /** The special policy without which the check says nothing. Its paths lie under the prefix of that policy. */
  readonly needs?: Need;
  /** What goes wrong where the check fails. Without it, reasons.ts has that of the section. */
  readonly why?: string;
  /** Runs by itself: it loads the machine, or reads what all other checks left behind. */
  readonly alone?: boolean;
  /** Resolves if the promise holds, rejects with what was seen if not. */
  readonly run: (context: Context) => Promise<void>;
};

export function nameOf(check: Check): string {
  return `${check.section} ${check.title}`;
}
