import { describe, expect, test } from "vitest";
import { withUnknown } from "../../support/console.ts";
import { statusOf } from "../../support/gateway.ts";
import { eventually } from "../../support/operator.ts";

const PATH = "/v1/charges";

describe("O8 acting", () => {
  test("settles an unknown outcome as the API does, and the audit log names the operator", async () => {
    const { origin, browser, key, id } = await withUnknown();
    const listed = (page: string): boolean => page.includes(`href="/_oncegate/records/${id}"`);
    const look = async (): Promise<string> => (await browser.get("/")).text();
    await eventually(look, listed);
    const fields = {
      choice: "final",
      status: "201",
      type: "application/json",
      body: '{"a":1,\r\n"b":2}',
      why: "ledger",
    };
    const response = await browser.post(`/records/${id}`, fields);
    expect([response.status, response.headers.get("location")]).toEqual([303, `/_oncegate/records/${id}`]);
    await eventually(look, (page) => !listed(page));
    const page = await (await browser.get(`/records/${id}`)).text();
    for (const text of [
      ">completed<",
      "201, 14 bytes",
      "<b>jane (operator token)</b>: settle",
      "unknown → completed",
      "Reason: ledger",
    ]) {
      expect(page).toContain(text);
    }
    const retry = await browser.operator.client.post(PATH, { key });
    expect([retry.status, statusOf(retry), await retry.text()]).toEqual([201, "replayed", '{"a":1,\n"b":2}']);
    expect(origin.received).toHaveLength(1);
    const { lines } = await (await browser.operator.get(`/audit?record=${id}`)).json<{ lines: object[] }>();
    expect(lines).toMatchObject([
      { token: "operator", operator: "jane", action: "settle", why: "ledger", result: "done", before: "unknown" },
    ]);
  });

  test.each([
    ["not-executed", "none"],
    ["release", "none"],
  ])("frees the key by %s", async (choice, after) => {
    const { origin, browser, key, id } = await withUnknown();
    expect((await browser.post(`/records/${id}`, { choice, confirm: " Release ", why: "x" })).status).toBe(303);
    const page = await browser.get(`/records/${id}`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`unknown → ${after}`);
    origin.answers(() => new Response("ok"));
    expect(statusOf(await browser.operator.client.post(PATH, { key }))).toBe("executed");
  });

  test("purges a stored answer", async () => {
    const { origin, browser, id, key } = await withUnknown();
    await browser.post(`/records/${id}`, { choice: "release", confirm: "release", why: "x" });
    origin.answers(() => new Response("secret"));
    await browser.operator.client.post(PATH, { key });
    expect((await browser.post(`/records/${id}`, { choice: "purge", why: "asked for" })).status).toBe(303);
    expect(await (await browser.get(`/records/${id}`)).text()).toContain("completed → tombstone");
  });

  test.each([
    [{ choice: "final", status: "201", why: " " }, "is required: the reason"],
    [{ choice: "final", status: "", why: "x" }, "status"],
    [{ choice: "final", status: "204", body: "x", why: "x" }, "has no body"],
    [{ choice: "purge", why: "x" }, "There is no answer"],
    [{ why: "x" }, "Choose an action"],
  ])("is refused where the API refuses: %j", async (fields, text) => {
    const { browser, key, id } = await withUnknown();
    const response = await browser.post(`/records/${id}`, fields);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.text()).toContain(text);
    expect((await browser.operator.client.post(PATH, { key })).status).toBe(409);
  });
});
