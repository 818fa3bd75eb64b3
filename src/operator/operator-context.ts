/** What the operator API knows of a request whose token is right. */

import { type GatewayContext } from "../gateway-context.ts";
import { type Role } from "./tokens.ts";

export interface OperatorContext extends GatewayContext {
  Variables: GatewayContext["Variables"] & { role: Role };
}
