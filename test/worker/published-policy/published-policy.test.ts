import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { gateway } from "../../../src/worker/gateway.ts";
import { HOST, clientOf } from "../../support/gateway.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = `https://${HOST}/.well-known/idempotency`;
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async function ask(accept: string | null, init: RequestInit = {}, query = ""): Promise<Response> {
  return clientOf().fetch(PATH + query, { ...init, headers: accept === null ? {} : { accept } });
}

describe("8.1 the published policy", () => {
  test.each<[string | null, "json" | "page"]>([
    [null, "json"],
    ["", "json"],
    ["*/*", "json"],
    ["application/json", "json"],
    ["text/html", "page"],
    ["TEXT/HTML", "page"],
    [BROWSER, "page"],
    ["text/*", "page"],
    ["text/html;level=1", "page"],
    ["text/html, application/json", "json"],
    ["text/html;q=0.9, application/json;q=0.8", "page"],
    ["text/html;q=0.5, */*", "json"],
    ["text/html;q=0, */*", "json"],
    ["application/json;q=0, */*", "page"],
    ["text/html;q=0", "json"],
    ["image/png", "json"],
    ["application/problem+json", "json"],
  ])("for Accept: %s is the %s", async (accept, form) => {
    const response = await ask(accept);
    const types = { json: "application/json", page: "text/html; charset=utf-8" };
    expect([response.status, response.headers.get("content-type")]).toEqual([200, types[form]]);
    expect(response.headers.get("vary")).toBe("Accept");
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });

  test("takes no form from the query", async () => {
    expect((await ask(null, {}, "?format=html&accept=text/html")).headers.get("content-type")).toBe("application/json");
    expect((await ask("text/html", {}, "?format=json")).headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  test.each([null, "text/html"])("answers HEAD with the head of GET, for Accept: %s", async (accept) => {
    const [get, head] = [await ask(accept), await ask(accept, { method: "HEAD" })];
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(get.headers));
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("refuses %s", async (method) => {
    const origin = scriptOrigin();
    const response = await ask("text/html", { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(origin.received).toHaveLength(0);
  });

  test("asks no origin, and needs no caller and no key", async () => {
    const origin = scriptOrigin();
    const response = await clientOf({ key: "required", methods: ["POST"] }).fetch(PATH);
    expect(response.status).toBe(200);
    expect(origin.received).toHaveLength(0);
  });

  test("names the scheme and host of the request in problem types", async () => {
    const bindings = { ...env, TENANTS: { "*": { origin: "http://origin.test", caller: ["authorization"] } } };
    const request = new Request("http://other.test:8787/.well-known/idempotency");
    const response = await gateway.fetch(request, bindings, createExecutionContext());
    const { tenant, problems } = await response.json<{ tenant: string; problems: { type: string }[] }>();
    expect(tenant).toBe("other.test");
    expect(problems[0]?.type).toBe("http://other.test:8787/.well-known/idempotency#unknown_tenant");
  });
});

describe("8.1.3 the page", () => {
  test("loads nothing, runs nothing, and is styled by what its policy names by digest", async () => {
    const response = await ask("text/html");
    const html = await response.text();
    const style = /<style>([^]*)<\/style>/.exec(html)?.[1] ?? "";
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
    expect(response.headers.get("content-security-policy")).toBe(
      `default-src 'none'; style-src 'sha256-${btoa(String.fromCharCode(...digest))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(html).toMatch(/^<!doctype html><html lang="en">/);
    expect(html).not.toMatch(/<script|<link|<img|<iframe|<form|\sstyle=|\son[a-z]+=|src=|javascript:/i);
    expect([...html.matchAll(/href="([^"]*)"/g)].filter(([, href = ""]) => !href.startsWith("#"))).toEqual([]);
  });
});
