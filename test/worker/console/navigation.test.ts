import { describe, expect, test } from "vitest";
import { browserOf, signedIn } from "../../support/console.ts";
import { HOST } from "../../support/gateway.ts";
import { TOKEN } from "../../support/operator.ts";

const PATHS = ["/", "/unknown", "/records", "/settle-many", "/audit", "/keyless", "/policy", "/help"];
const ACCEPT = { accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8" };
const ENTRY = { origin: "http://origin.test", caller: ["authorization"] };

describe("O8 the navigation", () => {
  test.each(PATHS)("is on %s and marks it as the current page, once", async (path) => {
    const page = await (await (await signedIn()).get(path)).text();
    for (const one of PATHS) expect(page).toContain(`<a href="/_oncegate${one}"`);
    expect(page.match(/aria-current="page"/g)).toHaveLength(1);
    expect(page).toContain(`<a href="/_oncegate${path}" aria-current="page">`);
    expect(page).toContain('<link rel="icon" href="data:image/svg+xml,');
  });

  test("marks the page to which a record belongs", async () => {
    const page = await (await (await signedIn()).get(`/records/${"0".repeat(64)}`)).text();
    expect(page).toContain('<a href="/_oncegate/records" aria-current="true">');
    expect(page).not.toContain('aria-current="page"');
  });

  test.each(PATHS)("leads back to %s after signing in", async (path) => {
    const browser = browserOf();
    const page = await (await browser.get(path)).text();
    expect(page).toContain(`name="to" value="/_oncegate${path}"`);
    const to = `/_oncegate${path}?operation=POST+%2Fv1`;
    expect((await browser.signIn({ to })).headers.get("location")).toBe(to);
  });

  test.each([
    "/_oncegate/unknown?a=<b>",
    "/_oncegate/unknown#x",
    "/_oncegate//evil.test",
    `/_oncegate/?${"a".repeat(2001)}`,
  ])("does not lead to %s", async (to) => {
    expect((await browserOf().signIn({ to })).headers.get("location")).toBe("/_oncegate/");
  });
});

describe("O8 the host switcher", () => {
  const menuOf = (page: string): string[] =>
    [...(/<div class="menu">[^]*?<\/div>/.exec(page)?.[0] ?? "").matchAll(/href="([^"]*)"/g)].map(
      ([, href = ""]) => href,
    );

  test("lists the other hostnames that the token opens, and the wildcards", async () => {
    const browser = await signedIn({}, { "shop.test": ENTRY, "pay.test": ENTRY, "*.wide.test": ENTRY });
    const page = await (await browser.get("/")).text();
    expect(menuOf(page)).toEqual(["https://pay.test/_oncegate/", "https://shop.test/_oncegate/"]);
    expect(page).toContain("The token also opens what *.wide.test serves.");
  });

  test("does not list what a tenant's token does not open", async () => {
    const own = { ...ENTRY, operator_token: "secret:OWN_TOKEN" };
    const secrets = { OWN_TOKEN: "own", OTHER_TOKEN: "other" };
    const others = {
      "shop.test": ENTRY,
      "same.test": own,
      "other.test": { ...ENTRY, operator_token: "secret:OTHER_TOKEN" },
    };
    const browser = browserOf(own, others, secrets);
    await browser.signIn({ token: "own" });
    expect(menuOf(await (await browser.get("/")).text())).toEqual(["https://same.test/_oncegate/"]);
  });

  test("is absent where the token opens one hostname only", async () => {
    const page = await (await (await signedIn()).get("/")).text();
    expect(page).not.toContain('class="menu"');
    expect(page).toContain(`<a href="/_oncegate/">${HOST}</a>`);
  });
});

describe("O8 a path without a page", () => {
  test("is a page for a browser, with the navigation only where it is signed in", async () => {
    const signed = await (await signedIn()).get("/nothing/here", ACCEPT);
    expect([signed.status, signed.headers.get("content-type")]).toEqual([404, "text/html; charset=utf-8"]);
    const page = await signed.text();
    expect(page).toContain("The console has no page here.");
    expect(page).toContain('href="/_oncegate/unknown"');
    const stranger = await browserOf().get("/nothing/here", ACCEPT);
    expect(stranger.status).toBe(404);
    expect(await stranger.text()).not.toContain('href="/_oncegate/unknown"');
  });

  test.each([
    ["/nothing", "application/json"],
    ["/nothing", "*/*"],
    ["/v1/nothing", ACCEPT.accept],
    ["/v1/records/abc", ACCEPT.accept],
  ])("stays a problem document at %s for %s", async (path, accept) => {
    const browser = browserOf();
    const response = await browser.get(path, { accept, authorization: `Bearer ${TOKEN}` });
    expect([response.status, response.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
  });

  test("does not exist at all without a token secret", async () => {
    const response = await browserOf({}, {}, { OPERATOR_TOKEN: null }).get("/nothing", ACCEPT);
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).not.toContain("html");
  });
});
