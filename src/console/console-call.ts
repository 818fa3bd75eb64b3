/** A request for the console. */

import { type Context } from "hono";
import { type ReservedContext } from "../operator/operator-context.ts";

export type ConsoleCall = Context<ReservedContext>;
