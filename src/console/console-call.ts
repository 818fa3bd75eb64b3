/** A request for the console. */

import { type Context } from "hono";
import { type GatewayContext } from "../gateway-context.ts";

export type ConsoleCall = Context<GatewayContext>;
