import { describe, expect, test } from "vitest";
import { operatorApi } from "../../../src/operator/api.ts";
import { OPENAPI } from "../../../src/operator/openapi.ts";
import { uniqueKey } from "../../support/gateway.ts";
import { faultsOf } from "../../support/json-schema.ts";
import { eventually, idOf, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const { schemas } = OPENAPI.components;
const PATH = "/v1/charges";

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: { readonly "application/json": { schema: object; example: object } } };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
}

const operations = Object.entries(OPENAPI.paths).flatMap(([path, methods]) =>
  Object.entries(methods as unknown as Record<string, Operation>).map(([method, operation]) => ({
    path,
    method,
    operation,
  })),
);

/** The schema of the 200 answer of `operationId`. */
function schemaOf(operationId: string): Record<string, unknown> {
  const found = operations.find(({ operation }) => operation.operationId === operationId);
  return found?.operation.responses["200"]?.content?.["application/json"]?.schema as Record<string, unknown>;
}

describe("O7 the OpenAPI document", () => {
  test("lists every route, and no other", () => {
    const routes = operatorApi.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replace(":id", "{id}")}`);
    const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([...new Set(routes)].sort()).toEqual(described.sort());
  });

  test("is served as it is", async () => {
    const response = await operatorOf().get("/openapi.json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(OPENAPI)));
  });

  test("has valid examples, and no dangling reference", () => {
    let examples = 0;
    for (const { operation } of operations) {
      const json = operation.requestBody?.content["application/json"];
      if (json === undefined) continue;
      examples++;
      expect(faultsOf(json.example, json.schema as Record<string, unknown>, schemas)).toEqual([]);
      expect(faultsOf({}, json.schema as Record<string, unknown>, schemas)).not.toEqual([]);
    }
    expect(examples).toBe(5);
    for (const [, name] of JSON.stringify(OPENAPI).matchAll(/#\/components\/(schemas\/\w+|responses\/\d+)/g)) {
      const [kind = "", part = ""] = name?.split("/") ?? [];
      expect(Reflect.get(Reflect.get(OPENAPI.components, kind), part), name).toBeDefined();
    }
  });

  test("matches the API's answers, and the API accepts its examples", async () => {
    const origin = scriptOrigin(() => new Response("?", { status: 502 }));
    const operator = operatorOf();
    const key = uniqueKey();
    await operator.client.post(PATH, { key });
    const id = await idOf(key, PATH);
    const fits = async (operationId: string, response: Response): Promise<void> => {
      expect([operationId, response.status]).toEqual([operationId, 200]);
      expect(faultsOf(await response.json(), schemaOf(operationId), schemas)).toEqual([]);
    };
    const examples = Object.fromEntries(
      operations.map(({ operation }) => [
        operation.operationId,
        operation.requestBody?.content["application/json"].example,
      ]),
    );
    await fits("find", await operator.post("/records/find", examples["find"]));
    await eventually(
      async () => (await operator.get("/journal")).json<{ entries: { record: string }[] }>(),
      ({ entries }) => entries.some(({ record }) => record === id),
    );
    await fits("settleMany", await operator.post("/records/settle", examples["settleMany"]));
    await fits("settle", await operator.post(`/records/${id}/settle`, examples["settle"]));
    await fits("show", await operator.get(`/records/${id}?body=1`));
    await fits("purge", await operator.post(`/records/${id}/purge`, examples["purge"]));
    await fits("release", await operator.post(`/records/${id}/release`, examples["release"]));
    for (const list of ["journal", "audit", "counts"]) await fits(list, await operator.get(`/${list}`));
    const problem = await operator.get(`/records/${id}`);
    expect(faultsOf(await problem.json(), { $ref: "#/components/schemas/Problem" }, schemas)).toEqual([]);
    expect(origin.received).toHaveLength(1);
  });
});
