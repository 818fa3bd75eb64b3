import { describe, expect, test, vi } from "vitest";
import { HOST, clientOf, problemOf } from "../../support/gateway.ts";

/** docs/protocol.md 3.1.4. */
describe.each([
  ["KEYS", "KeyObject"],
  ["SHADOWS", "ShadowObject"],
  ["JOURNALS", "Journal"],
])("a deployment that does not bind %s", (name, className) => {
  test("refuses every request as a fault of its own, and names the cure in its log once", async () => {
    const log = vi.spyOn(console, "warn").mockReturnValue();
    const origin = vi.spyOn(globalThis, "fetch");
    const { post, fetch } = clientOf({}, {}, { [name]: undefined });
    for (const key of [crypto.randomUUID(), null]) {
      const response = await post("/v1/charges", { key });
      expect([response.headers.get("retry-after"), await problemOf(response)]).toEqual([null, "500 misconfigured"]);
    }
    expect((await fetch(`https://${HOST}/.well-known/idempotency`)).status).toBe(500);
    expect((await fetch(`https://${HOST}/_oncegate/`)).status).toBe(500);
    expect(origin).not.toHaveBeenCalled();
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)) as { event: string });
    log.mockRestore();
    origin.mockRestore();
    expect(lines.filter(({ event }) => event === "configuration_fault")).toMatchObject([
      {
        event: "configuration_fault",
        path: name,
        message: `is not bound: bind the class ${className} under durable_objects of this environment, and deploy`,
      },
    ]);
  });
});
