import { type IRequest, AutoRouter, json } from "itty-router";
import { oncegate } from "oncegate";

interface Env {
  readonly CHARGES: KVNamespace;
}

const app = AutoRouter<IRequest, [Env, ExecutionContext]>();

app.post("/v1/charges", async (request, { CHARGES }) => {
  const { amount }: { amount: number } = await request.json();
  const id = crypto.randomUUID();
  await CHARGES.put(id, String(amount));
  // The card network takes its time.
  await scheduler.wait(3_000);
  return json({ id, amount }, { status: 201 });
});

app.get("/v1/charges", async (_, { CHARGES }) => {
  const { keys } = await CHARGES.list();
  return keys.map(({ name }) => name);
});

const { handler, Origin } = oncegate(app, {
  caller: ["authorization"],
  routes: [{ match: "POST /v1/charges", key: "required" }],
});

export { Origin };
export { KeyObject, Journal, ShadowObject } from "oncegate";
export default handler;
