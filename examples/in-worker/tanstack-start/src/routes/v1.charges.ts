import { createFileRoute } from "@tanstack/react-router";
import { env } from "cloudflare:workers";

export const Route = createFileRoute("/v1/charges")({
  server: {
    handlers: {
      POST: async ({ request }) => {
        const { amount }: { amount: number } = await request.json();
        const id = crypto.randomUUID();
        await env.CHARGES.put(id, String(amount));
        // The card network takes its time.
        await scheduler.wait(3_000);
        return Response.json({ id, amount }, { status: 201 });
      },
      GET: async () => {
        const { keys } = await env.CHARGES.list();
        return Response.json(keys.map(({ name }) => name));
      },
    },
  },
});
