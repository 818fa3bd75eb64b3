/** What the operator API knows of a request whose token is right. */

import { type ReservedContext } from "../reserved-context.ts";
import { type Role } from "./tokens.ts";

export interface OperatorContext extends ReservedContext {
  Variables: ReservedContext["Variables"] & { role: Role };
}
