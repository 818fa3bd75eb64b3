import { describe, expect, test } from "vitest";
import { browserOf, signedIn } from "../../support/console.ts";

const PATHS = [
  "/",
  "/unknown",
  "/records",
  "/settle-many",
  "/audit",
  "/keyless",
  "/policy",
  "/help",
  `/records/${"0".repeat(64)}`,
];
const BANNER = "<b>On hold:</b> nothing new is executed.";

describe("O8 the banner of a hold", () => {
  test.each(PATHS)("is on %s of a hostname on hold, for those who are signed in", async (path) => {
    const browser = await signedIn({ mode: "hold" });
    const page = await (await browser.get(path)).text();
    expect(page).toContain(BANNER);
    expect(page).toContain("All requests (set by <code>mode</code>)");
    browser.cookie = null;
    expect(await (await browser.get(path)).text()).not.toContain(BANNER);
  });

  test("names the routes that are held", async () => {
    const browser = await signedIn({
      routes: [{ match: "POST /v1/orders", mode: "hold" }, { match: "POST /v1/charges" }],
    });
    expect(await (await browser.get("/")).text()).toContain("<li>POST /v1/orders (set by <code>mode</code>)</li>");
  });

  test("is on each page where HOLD holds the deployment", async () => {
    const browser = browserOf({}, {}, { HOLD: "true" });
    await browser.signIn();
    expect(await (await browser.get("/unknown")).text()).toContain("All requests (set by <code>HOLD</code>)");
  });

  test("is absent otherwise", async () => {
    expect(await (await (await signedIn()).get("/")).text()).not.toContain(BANNER);
  });
});
