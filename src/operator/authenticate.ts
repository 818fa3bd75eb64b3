/** Who an operator is, by the token that a request presents: logged and slowed where it is wrong (docs/operator-api.md O1). */

import { admits } from "../config/ask-rate-limit.ts";
import { type Role, type Tokens } from "../config/operator-token.ts";
import { networkOf } from "../http/client-address.ts";
import { log } from "../log.ts";
import { unreachable } from "../record/record.ts";
import { Guesses } from "./guesses.ts";
import { type ReservedContext } from "./operator-context.ts";
import { type OperatorProblem, operatorProblem } from "./problem.ts";
import { roleOf } from "./tokens.ts";

/** How the token came. */
type Entrance = "api" | "console";

/** The part of a request to a reserved path that this needs. */
interface Call {
  readonly env: Env;
  readonly var: Pick<ReservedContext["Variables"], "hostname" | "tenant" | "client">;
}

const known = new WeakMap<object, Guesses>();

/** One for each environment, and so for each isolate. */
function guessesIn(env: object): Guesses {
  const guesses = known.get(env) ?? new Guesses();
  known.set(env, guesses);
  return guesses;
}

export async function authenticate(
  c: Call,
  tokens: Tokens,
  presented: string,
  where: Entrance,
): Promise<Role | OperatorProblem> {
  const { hostname, client } = c.var;
  const network = client === null ? null : networkOf(client);
  const role = await roleOf(tokens, presented);
  // Nothing is awaited from here to the judgement, so that of many guesses at once each one counts.
  const judged = guessesIn(c.env).judge(network, role !== null, Date.now());
  switch (judged.kind) {
    case "accepted":
      return role ?? operatorProblem("unauthorized");
    case "refused":
      log({ event: "operator_refused", hostname, where, why: "too_many_attempts" });
      return operatorProblem("too_many_attempts", undefined, judged.retryAfterSeconds);
    case "failed":
      log({ event: "operator_refused", hostname, where, why: "token" });
      await Promise.all([scheduler.wait(judged.delayMs), countFailure(c, network)]);
      return operatorProblem("unauthorized");
    default:
      return unreachable(judged);
  }
}

/** Counts it across the isolates of a location, where the tenant has a rate limit. */
async function countFailure({ env, var: { tenant } }: Call, network: string | null): Promise<void> {
  const rule = tenant.rateLimit;
  if (rule === null || (await admits(env, rule.binding, `operators ${tenant.entry} ${network ?? ""}`))) return;
  const nowMs = Date.now();
  guessesIn(env).block(network, nowMs + rule.retryAfterSeconds * 1000, nowMs);
}
