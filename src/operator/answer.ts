/** The one place where the operator API turns a result into a response. */

import { instanceUri } from "../http/problem.ts";
import { log } from "../log.ts";
import { unreachable } from "../record/record.ts";
import { type Acted } from "./act.ts";
import { type OperatorProblem, operatorProblemResponse } from "./problem.ts";

/** What an operator reads, as JSON: a record, or a page of a list. */
export interface Shown {
  readonly kind: "shown";
  readonly view: object;
}

export const NO_STORE = { headers: { "cache-control": "no-store" } };

export function answer(result: Shown | Acted | OperatorProblem): Response {
  switch (result.kind) {
    case "operator problem": {
      const instance = instanceUri(crypto.randomUUID());
      log({ event: "operator_problem", instance, code: result.code, status: result.status });
      return operatorProblemResponse(result, instance);
    }
    case "shown":
      return Response.json(result.view, NO_STORE);
    case "acted": {
      const { kind: _, ...view } = result;
      return Response.json(view, NO_STORE);
    }
    default:
      return unreachable(result);
  }
}
