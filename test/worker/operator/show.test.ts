import { describe, expect, test } from "vitest";
import { HOST, problemOf, uniqueKey } from "../../support/gateway.ts";
import { idOf, operatorOf, operatorWith } from "../../support/operator.ts";

const PATH = "/v1/charges";
const ABSENT = "0".repeat(64);

const completed = () =>
  new Response("charged", {
    status: 201,
    headers: { "content-type": "text/plain", "x-id": "7", location: "/r?token=t" },
  });
const unknown = () => new Response("?", { status: 502 });

describe("O2 a record", () => {
  test("is shown with its answer, and with the body only on request", async () => {
    const { operator, key, id } = await operatorWith(completed);
    const response = await operator.get(`/records/${id}`);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const seen = await response.json<Record<string, unknown>>();
    expect(seen).toMatchObject({
      id,
      state: "completed",
      tenant: HOST,
      operation: "POST /v1/charges",
      key,
      attempt: 1,
      running: null,
      answer: { status: 201, media_type: "text/plain", body_bytes: 7 },
    });
    expect(JSON.stringify(seen)).not.toContain("body_base64");
    // Reading a response is audited, and its headers are part of it.
    expect(Object.fromEntries(Object(seen["answer"]).headers as [string, string][])).toMatchObject({
      "content-type": "text/plain",
      "x-id": "(hidden)",
      location: "(hidden)",
    });
    for (const query of ["?body=0", "?body", "?body=true"]) {
      expect(await (await operator.get(`/records/${id}${query}`)).text()).not.toContain("body_base64");
    }
    const whole = await (await operator.get(`/records/${id}?body=1`)).json<{ answer: object }>();
    expect(whole.answer).toMatchObject({ body_base64: btoa("charged") });
    expect(whole.answer).toMatchObject({
      headers: expect.arrayContaining([
        ["x-id", "7"],
        ["location", "/r?token=t"],
      ]),
    });
  });

  test("stored in chunks is shown whole", async () => {
    const { operator, id } = await operatorWith(() => new Response("x".repeat(300_000)));
    const { answer } = await (await operator.get(`/records/${id}?body=1`)).json<{ answer: { body_base64: string } }>();
    expect(atob(answer.body_base64)).toBe("x".repeat(300_000));
  });

  test.each([ABSENT, "0", "..", "find", "%3Cscript%3E", "A".repeat(64)])(
    "that does not exist is 404: %s",
    async (id) => {
      expect((await operatorOf().get(`/records/${id}`)).status).toBe(404);
      expect((await operatorOf().post(`/records/${id}/release`, { why: "x" })).status).toBe(404);
    },
  );

  test("is found by its request, with the key quoted or not", async () => {
    const { operator, key, id } = await operatorWith(unknown);
    for (const written of [key, `"${key}"`]) {
      const asked = { operation: `POST ${PATH}`, headers: { Authorization: "Bearer alice" }, key: written };
      const found = await operator.post("/records/find", asked);
      expect(await found.json()).toMatchObject({ id, state: "unknown", key, answer: null });
      expect(found.headers.get("cache-control")).toBe("no-store");
    }
  });

  test("that does not exist has state none, and the id that it would have", async () => {
    const key = uniqueKey();
    const asked = { operation: `POST ${PATH}`, headers: { authorization: "Bearer alice" }, key };
    const found = await operatorOf().post("/records/find", asked);
    expect(found.status).toBe(200);
    expect(await found.json()).toMatchObject({ id: await idOf(key, PATH), state: "none", key: null, running: null });
  });

  test.each([
    [{}, "operation"],
    [{ operation: "/x", key: "k" }, "operation"],
    [{ operation: "POST /x", key: "" }, "key"],
    [{ operation: "POST /x", key: "k", headers: { "bad name": "x" } }, "headers"],
    [{ operation: "POST /x", key: "k", headers: { a: "b\nc" } }, "headers"],
    [{ operation: "POST /x", key: "k", more: 1 }, "more"],
    [[], "operation is required"],
  ])("is not looked up by %j", async (asked, fault) => {
    const response = await operatorOf().post("/records/find", asked);
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toContain(fault);
  });

  test("is not looked up without the caller", async () => {
    const response = await operatorOf().post("/records/find", { operation: `POST ${PATH}`, key: "k" });
    expect(await problemOf(response)).toBe("400 invalid_request");
    expect((await response.json<{ detail: string }>()).detail).toBe(
      "The description does not identify the caller. Give what the client sent: headers (authorization).",
    );
  });
});
