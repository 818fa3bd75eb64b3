import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { overflow, poorContrasts } from "./looks.ts";
import {
  NARROW,
  HOST,
  OTHER,
  TOKEN,
  base,
  gatewayUrl,
  installed,
  lose,
  open,
  reloadUntil,
  send,
  signIn,
  startOnce,
} from "./rig.ts";

startOnce();

describe.skipIf(installed === null)("O8 in a browser", () => {
  test("an operator signs in, settles an unknown outcome with the mouse, and signs out", async () => {
    const { page, complaints } = await open();
    await signIn(page);
    const { path, key, isShown } = await lose(page);
    const entry = page.locator(".entry", { hasText: path });
    await entry.getByText("Settle", { exact: true }).click();
    expect(await entry.getByLabel("Status").isVisible()).toBe(false);
    await entry.getByLabel("Answer with").check();
    await entry.getByLabel("Status").fill("201");
    await entry.getByLabel("Body").fill('{"id":"ch_1"}');
    await entry.getByRole("button", { name: "Answer retries with this" }).click();
    // The browser itself requires the reason.
    expect(await entry.locator("input[name=why]:invalid").count()).toBe(1);
    await entry.getByLabel("Reason").fill("in the ledger, ticket 4711");
    await entry.getByRole("button", { name: "Answer retries with this" }).click();
    await page.getByText("Done. Every retry gets the answer with status 201.").waitFor();
    const text = await page.locator("main").innerText();
    expect(text).toContain("jane (operator token): settle");
    expect(text).toContain("Reason: in the ledger, ticket 4711");
    await page.reload();
    expect(await page.locator("main").innerText()).not.toContain("Done.");
    await page.getByRole("navigation", { name: "Console" }).getByRole("link", { name: "Unknown" }).click();
    await reloadUntil(page, async () => !(await isShown()));
    expect(await send(path, key)).toMatch(/^201 replayed/);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Operator token").waitFor();
    expect(await page.context().cookies()).toEqual([]);
    expect(complaints).toEqual([]);
  });

  test("an operator does the same with the keyboard alone", async () => {
    const { page, complaints } = await open();
    await page.goto(base());
    const { keyboard } = page;
    const focusOn = async (selector: string): Promise<void> => {
      for (let presses = 0; presses < 200; presses++) {
        if ((await page.locator(`${selector}:focus`).count()) > 0) return;
        await keyboard.press("Tab");
      }
      throw new Error(`${selector} is not reached by the keyboard`);
    };
    await focusOn("input[name=operator]");
    await keyboard.type("kim");
    await keyboard.press("Tab");
    await keyboard.type(TOKEN);
    await keyboard.press("Enter");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    const { path, key, isShown } = await lose(page);
    await focusOn(`summary[aria-label*="${path}"]`);
    await keyboard.press("Enter");
    await focusOn("details[open] input[name=choice]");
    await keyboard.press("ArrowDown");
    expect(await page.locator("input[value=not-executed]:checked").count()).toBe(1);
    await focusOn("details[open] input[name=why]");
    await keyboard.type("not in the ledger");
    await keyboard.press("Enter");
    await page.getByText("Done. The next request with the key executes.").waitFor();
    await page.goto(`${base()}unknown`);
    await reloadUntil(page, async () => !(await isShown()));
    expect(await send(path, key)).toMatch(/^502 unknown/);
    expect(complaints).toEqual([]);
  });

  test("an operator finds a record by its request", async () => {
    const { page, complaints } = await open();
    const key = `order-${randomUUID()}`;
    expect(await send("/v1/charges", key)).toMatch(/^201 executed/);
    await signIn(page);
    await page.getByRole("link", { name: "Records", exact: true }).click();
    await page.getByLabel("Operation").first().fill("POST /v1/charges");
    await page.getByLabel("Headers that identify the caller").fill("Authorization: Bearer alice");
    await page.getByLabel("Key", { exact: true }).first().fill(key);
    await page.getByRole("button", { name: "Find by key" }).click();
    await page.getByText(key).waitFor();
    expect(await page.locator(".state").innerText()).toBe("completed");
    expect(complaints).toEqual([]);
  });

  test("no script runs, even if it is injected into the page", async () => {
    const { page, complaints } = await open();
    const [path, key] = ["/v1/lost/'><script>alert(1)</script>", `<img/src=x/onerror=alert(1)>${randomUUID()}`];
    await send(encodeURI(path), key);
    await signIn(page);
    await page.goto(`${base()}unknown`);
    // The unmodified page causes no message.
    await reloadUntil(page, async () => (await page.getByRole("link", { name: "script" }).count()) > 0);
    expect(complaints).toEqual([]);
    // Simulates a failure of the escaping.
    await page.route(`${base()}*`, async (route) => {
      const headers = { ...route.request().headers(), host: HOST };
      const response = await route.fetch({ url: new URL("/_oncegate/", gatewayUrl()).href, headers });
      const injected = `<script>document.title = "taken"; alert(2)</script><img src="x" onerror="alert(3)">`;
      await route.fulfill({ response, body: (await response.text()).replace("<h1>", `${injected}<h1>`) });
    });
    await page.goto(base());
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    expect(await page.title()).toBe(`Overview · ${HOST}`);
    expect(complaints.length).toBeGreaterThanOrEqual(2);
    for (const complaint of complaints) expect(complaint).toContain("Content Security Policy");
  });

  test("a session opens only its own hostname, and other pages of that host can't read the console", async () => {
    const { page } = await open();
    await signIn(page);
    const session = (await page.context().cookies()).find(({ name }) => name === "oncegate_session");
    expect(session).toMatchObject({ domain: HOST, path: "/_oncegate", httpOnly: true, sameSite: "Strict" });
    await page
      .context()
      .addCookies([{ ...session, name: "oncegate_session", value: session?.value ?? "", domain: OTHER }]);
    await page.goto(base(OTHER));
    await page.getByLabel("Operator token").waitFor();

    // A page of the API itself shares the console's origin.
    await page.goto(`http://${HOST}:${gatewayUrl().port}/v1/page`);
    const fetched = await page.evaluate(`fetch("/_oncegate/").then((response) => response.text())`);
    expect(fetched).toContain("Operator token");
    expect(fetched).not.toContain("Sign out");
    const opened = page.context().waitForEvent("page");
    await page.evaluate(`window.taken = window.open("/_oncegate/"), null`);
    const popup = await opened;
    await popup.getByRole("button", { name: "Sign out" }).waitFor();
    expect(await page.evaluate(`window.taken.closed`)).toBe(true);
  });

  test("the text of the first pages has enough contrast on a dark phone, and fits it", async () => {
    const { page } = await open({ viewport: NARROW, colorScheme: "dark" });
    await page.goto(base());
    expect(await poorContrasts(page)).toEqual([]);
    await signIn(page);
    await lose(page);
    for (const path of ["", "unknown"]) {
      await page.goto(`${base()}${path}`);
      expect([path, await poorContrasts(page), await overflow(page)]).toEqual([path, [], 0]);
    }
  });
});
