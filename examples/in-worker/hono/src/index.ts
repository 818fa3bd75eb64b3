import { Hono } from "hono";
import { oncegate } from "oncegate";

const app = new Hono<{ Bindings: { CHARGES: KVNamespace } }>();

app.post("/v1/charges", async (c) => {
  const { amount } = await c.req.json<{ amount: number }>();
  const id = crypto.randomUUID();
  await c.env.CHARGES.put(id, String(amount));
  // The card network takes its time.
  await scheduler.wait(3_000);
  return c.json({ id, amount }, 201);
});

app.get("/v1/charges", async (c) => {
  const { keys } = await c.env.CHARGES.list();
  return c.json(keys.map(({ name }) => name));
});

const { handler, Origin } = oncegate(app, {
  caller: ["authorization"],
  routes: [{ match: "POST /v1/charges", key: "required" }],
});

export { Origin };
export { KeyObject, Journal, ShadowObject } from "oncegate";
export default handler;
