import { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

const idempotencyKey = z
  .string()
  .min(16)
  .max(255)
  .describe(
    "Make a new UUID for each payment. If the result is lost or the call fails, repeat the call with the same key and the same arguments: it charges once.",
  );

/** A server of one tool. `pay` charges the card. It has no idempotency of its own. */
export function paymentServer(pay: (amount: number) => Promise<string>): McpServer {
  const server = new McpServer({ name: "payments", version: "1.0.0" });
  server.registerTool(
    "create_payment",
    {
      description: "Charges the customer's card.",
      inputSchema: z.object({ amount: z.int().positive(), idempotency_key: idempotencyKey }),
      annotations: { destructiveHint: true, idempotentHint: true },
    },
    async ({ amount }) => ({ content: [{ type: "text", text: await pay(amount) }] }),
  );
  return server;
}
