/** Reads the console's forms. They are bounded and validated by the same schemas as the API's requests. */

import { UPLOAD_TIMEOUTS, readUpTo } from "../http/body.ts";
import { type Description } from "../operator/find.ts";
import { type OperatorProblem, invalidRequest, isOperatorProblem, operatorProblem } from "../operator/problem.ts";
import { type Reasoned, FIND, REQUEST_BYTES_MAX, SETTLE, WHY, checked } from "../operator/requests.ts";
import { type Settling } from "../operator/settle.ts";

/** What an operator does to a record. */
export type OperatorAction =
  | { readonly action: "settle"; readonly settling: Settling }
  | { readonly action: "release" | "purge"; readonly reasoned: Reasoned };

/** What an operator types to release a key. Every record that can be released may have run. */
export const RELEASE_WORD = "release";

const LINE_BREAK = /\r\n?|\n/;

/** Before signing in, a form has a token, a name and a path only. */
export const SIGN_IN_BYTES_MAX = 10_000;

/** The form's fields. A body of another kind yields fields that no form has, so each later check fails. */
export async function readForm(
  request: Request,
  bytesMax: number = REQUEST_BYTES_MAX,
): Promise<URLSearchParams | OperatorProblem> {
  const reading = await readUpTo(request.body, bytesMax, { timeouts: UPLOAD_TIMEOUTS });
  if (reading.end === "overflowed") {
    await reading.rest.cancel().catch(() => {
      // The browser has disconnected, so there is nothing left to cancel.
    });
    return operatorProblem("body_too_large");
  }
  if (reading.end !== "whole") return operatorProblem("invalid_request");
  return new URLSearchParams(new TextDecoder().decode(reading.bytes));
}

export function actionIn(form: URLSearchParams): OperatorAction | OperatorProblem {
  const why = form.get("why") ?? "";
  // Of the record that the page showed. Another attempt's outcome is not what the operator decided about.
  const attempt = form.get("attempt_id") ?? "";
  const reasoned = attempt === "" ? { why } : { why, attempt_id: attempt };
  const choice = form.get("choice");
  switch (choice) {
    case "final":
      return checkedSettling({ outcome: choice, ...reasoned, ...answerIn(form) });
    case "not-executed":
      return checkedSettling({ outcome: choice, ...reasoned });
    case "release":
      if ((form.get("confirm") ?? "").trim().toLowerCase() !== RELEASE_WORD) {
        return invalidRequest(`Type ${RELEASE_WORD} to confirm. Nothing was done.`);
      }
      return checkedReasoned(choice, reasoned);
    case "purge":
      return checkedReasoned(choice, reasoned);
    case null:
    default:
      return invalidRequest("Choose an action.");
  }
}

function checkedReasoned(action: "release" | "purge", given: object): OperatorAction | OperatorProblem {
  const reasoned = checked(given, WHY);
  return isOperatorProblem(reasoned) ? reasoned : { action, reasoned };
}

function checkedSettling(fields: object): OperatorAction | OperatorProblem {
  const settling = checked(fields, SETTLE);
  return isOperatorProblem(settling) ? settling : { action: "settle", settling };
}

function answerIn(form: URLSearchParams): object {
  const type = form.get("type") ?? "";
  // Browsers send line breaks as CR LF, however they were typed.
  const body = (form.get("body") ?? "").replaceAll("\r\n", "\n");
  return { status: Number(form.get("status") || "NaN"), headers: type === "" ? {} : { "content-type": type }, body };
}

export function descriptionIn(form: URLSearchParams): Description | OperatorProblem {
  const headers = new Map<string, string>();
  for (const line of (form.get("headers") ?? "").split(LINE_BREAK).filter((line) => line.trim() !== "")) {
    const [, name, value] = /^([^:]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      return invalidRequest("Write each header as Name: value.");
    }
    const field = name.trim().toLowerCase();
    // Two lines of one name form one value, as they do in a client's request (RFC 9110, 5.3).
    const before = headers.get(field);
    headers.set(field, before === undefined ? value.trim() : `${before}, ${value.trim()}`);
  }
  const operation = (form.get("operation") ?? "").trim();
  const certificate = (form.get("certificate") ?? "").trim();
  const caller = (form.get("caller") ?? "").trim().toLowerCase();
  const fields = { operation, headers: Object.fromEntries(headers), key: (form.get("key") ?? "").trim() };
  const byDigest = caller === "" ? fields : { ...fields, caller };
  return checked(certificate === "" ? byDigest : { ...byDigest, certificate }, FIND);
}

/** A problem as the text of an alert. */
export function problemText({ title, detail }: OperatorProblem): string {
  return `${title}. ${detail}`;
}
