/** What the console's forms send: bounded, and held to the same rules as what the API is sent. */

import * as v from "valibot";
import { UPLOAD_TIMEOUTS, readUpTo } from "../http/body.ts";
import { FIND, REQUEST_BYTES_MAX, SETTLE, WHY, checked } from "../operator/requests.ts";
import { type Description } from "../operator/find.ts";
import { type Settling } from "../operator/settle.ts";
import { operatorProblem } from "../operator/problem.ts";

/** What an operator has decided to do to a record. */
export type Chosen =
  | { readonly action: "settle"; readonly settling: Settling }
  | { readonly action: "release" | "purge"; readonly why: string };

const LINE_BREAK = /\r\n?|\n/;

/** What somebody sends who has not signed in yet: a token, a name and a path. */
export const SIGN_IN_BYTES_MAX = 10_000;

/** The pairs of a form; an empty form where it is none. */
export async function readForm(
  request: Request,
  bytesMax: number = REQUEST_BYTES_MAX,
): Promise<URLSearchParams | Response> {
  const reading = await readUpTo(request.body, bytesMax, { timeouts: UPLOAD_TIMEOUTS });
  if (reading.end === "overflowed") {
    await reading.rest.cancel().catch(() => {
      // The browser is gone already, which is what cancelling asks for.
    });
    return operatorProblem("body_too_large");
  }
  if (reading.end !== "whole") return operatorProblem("invalid_request");
  return new URLSearchParams(new TextDecoder().decode(reading.bytes));
}

export function chosenIn(form: URLSearchParams): Chosen | Response {
  const why = form.get("why") ?? "";
  const choice = form.get("choice");
  switch (choice) {
    case "final":
      return settling({ outcome: choice, why, ...answerIn(form) });
    case "not-executed":
      return settling({ outcome: choice, why });
    case "release":
    case "purge": {
      const said = checked({ why }, WHY);
      return said instanceof Response ? said : { action: choice, why: said.why };
    }
    case null:
    default:
      return operatorProblem("invalid_request", "Choose what is to be done.");
  }
}

function settling(written: object): Chosen | Response {
  const settling = checked(written, SETTLE);
  return settling instanceof Response ? settling : { action: "settle", settling };
}

function answerIn(form: URLSearchParams): object {
  const type = form.get("type") ?? "";
  // Forms send line breaks as CR LF, whatever was typed.
  const body = (form.get("body") ?? "").replaceAll("\r\n", "\n");
  return { status: Number(form.get("status") || "NaN"), headers: type === "" ? {} : { "content-type": type }, body };
}

export function descriptionIn(form: URLSearchParams): Description | Response {
  const headers = new Map<string, string>();
  for (const line of (form.get("headers") ?? "").split(LINE_BREAK).filter((line) => line.trim() !== "")) {
    const [, name, value] = /^([^:]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      return operatorProblem("invalid_request", "Write each header as Name: value.");
    }
    const field = name.trim().toLowerCase();
    // Two lines of one header are one value, as a client's are.
    const before = headers.get(field);
    headers.set(field, before === undefined ? value.trim() : `${before}, ${value.trim()}`);
  }
  const operation = (form.get("operation") ?? "").trim();
  const certificate = (form.get("certificate") ?? "").trim();
  const written = { operation, headers: Object.fromEntries(headers), key: (form.get("key") ?? "").trim() };
  return checked(certificate === "" ? written : { ...written, certificate }, FIND);
}

const PROBLEM = v.object({ title: v.string(), detail: v.optional(v.string(), "") });

/** The words of a refusal of the API. */
export async function wordsOf(problem: Response): Promise<string> {
  const { title, detail } = v.parse(PROBLEM, await problem.json());
  return `${title}. ${detail}`.trim();
}
