/** Lets a request pass that presents an operator's token of its hostname (docs/operator-api.md O1). */

import { type MiddlewareHandler } from "hono";
import { areSet, tokensOf } from "../config/operator-token.ts";
import { plainProblem } from "../http/problem.ts";
import { answer } from "./answer.ts";
import { authenticate } from "./authenticate.ts";
import { type OperatorContext } from "./operator-context.ts";
import { isOperatorProblem, operatorProblem } from "./problem.ts";
import { bearerToken } from "./tokens.ts";

export const requireOperator: MiddlewareHandler<OperatorContext> = async (c, next) => {
  const tokens = tokensOf(c.env, c.var.tenant);
  // A hostname without any token has no operator API, so it never answers 401.
  if (!areSet(tokens)) return plainProblem(404, "Not Found");
  const presented = bearerToken(c.req.header("authorization") ?? null);
  if (presented === null) return answer(operatorProblem("unauthorized"));
  const role = await authenticate(c, tokens, presented, "api");
  if (isOperatorProblem(role)) return answer(role);
  c.set("role", role);
  return next();
};
