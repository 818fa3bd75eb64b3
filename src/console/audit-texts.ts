/** Lines of the audit log, as console text. Pure. */

import { type AuditLine } from "../journal/audit.ts";
import { unreachable } from "../record/record.ts";

/** The name is not verified; the token is. */
export function whoText({ operator, token }: Pick<AuditLine, "operator" | "token">): string {
  return `${operator ?? "anonymous"} (${token} token)`;
}

export function doneText({ result, before, after }: Pick<AuditLine, "result" | "before" | "after">): string {
  switch (result) {
    case null:
    case "failed":
      return "not known: see the record's state";
    case "refused":
      return `refused: ${after}`;
    case "done":
      return before === after ? "done" : `done: ${before} → ${after}`;
    default:
      return unreachable(result);
  }
}

/** The arguments of an action, without the attempt's id: `outcome final, status 201`. */
export function givenText(given: string): string {
  const facts = Object.entries(factsIn(given)).filter(([name]) => name !== "attempt_id");
  const written = facts.map(([name, value]) => `${name.replaceAll("_", " ")} ${valueText(value)}`);
  return written.join(", ");
}

function valueText(value: unknown): string {
  return Array.isArray(value) ? (value.length === 0 ? "none" : value.join(" ")) : String(value);
}

/** What has been done, for the page that follows an action. */
export function bannerText(line: AuditLine): string {
  return `Done. ${effectOf(line)} Recorded as line ${line.seq} of the audit log (${line.before} → ${line.after}).`;
}

function effectOf({ action, given }: AuditLine): string {
  switch (action) {
    case "settle": {
      const { outcome, status } = factsIn(given);
      return outcome === "final"
        ? `Every retry gets the answer with status ${String(status)}.`
        : "The next request with the key executes.";
    }
    case "release":
      return "The key is forgotten: the next request with it executes.";
    case "purge":
      return "The answer is erased: retries get 409 replay_unavailable.";
    case "read":
      return "The answer was read.";
    default:
      return unreachable(action);
  }
}

/** The gateway has written it, as an object. */
function factsIn(given: string): Readonly<Record<string, unknown>> {
  const facts: unknown = JSON.parse(given);
  return typeof facts === "object" && facts !== null ? { ...facts } : {};
}
