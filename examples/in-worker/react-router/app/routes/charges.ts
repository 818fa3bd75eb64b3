import { env } from "cloudflare:workers";
import { type ActionFunctionArgs } from "react-router";

export async function action({ request }: ActionFunctionArgs) {
  const { amount }: { amount: number } = await request.json();
  const id = crypto.randomUUID();
  await env.CHARGES.put(id, String(amount));
  // The card network takes its time.
  await scheduler.wait(3_000);
  return Response.json({ id, amount }, { status: 201 });
}

export async function loader() {
  const { keys } = await env.CHARGES.list();
  return Response.json(keys.map(({ name }) => name));
}
