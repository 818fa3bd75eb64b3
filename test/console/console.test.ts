import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { join } from "node:path";
import { type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { secretsNamedBy } from "../support/secrets.ts";
import { WAIT_MS, startChromium } from "./chromium.ts";
import { type Origin, startOrigin } from "./origin.ts";

const TOKEN = "token-of-the-operators";

/** Names below `localhost` resolve to this machine, and browsers treat them as secure contexts, like https. */
const HOST = "api.localhost";
const OTHER = "shop.localhost";
const WIDE = { width: 1100, height: 900 };
const NARROW = { width: 360, height: 740 };

let origin: Origin;
let gateway: Gateway;
let browser: Browser;

/** A folder for pictures of each page, if a reader wants some. */
const pictures = process.env["ONCEGATE_PICTURES"];

const installed = inject("browser");

beforeAll(async () => {
  if (installed === null) return;
  browser = await startChromium(installed);
  origin = await startOrigin();
  const tenant = { origin: origin.url, caller: ["authorization"] };
  const routes = [{ match: "POST /v1/orders", derive_key: { window: "5m", from: ["/order_id"] } }];
  gateway = await startGateway({ [HOST]: { ...tenant, routes }, [OTHER]: tenant }, undefined, {
    OPERATOR_TOKEN: TOKEN,
    SECRETS: JSON.stringify(secretsNamedBy({})),
  });
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  await origin?.stop();
});

afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close();
});

/** A request of an API client. Node doesn't resolve names below `localhost` everywhere, so the Host header is explicit. */
function send(path: string, key: string | null, body = "{}"): Promise<string> {
  const headers = { host: HOST, authorization: "Bearer alice", "content-type": "application/json" };
  const keyed = key === null ? {} : { "idempotency-key": key };
  return new Promise((resolve, reject) => {
    const sending = request(
      new URL(path, gateway.url).href,
      { method: "POST", headers: { ...headers, ...keyed } },
      (answer) => {
        answer.resume();
        answer.once("end", () => resolve(`${answer.statusCode} ${String(answer.headers["idempotency-status"] ?? "")}`));
      },
    );
    sending.once("error", reject).end(body);
  });
}

const base = (host = HOST): string => `http://${host}:${gateway.url.port}/_oncegate/`;

interface Watched {
  readonly page: Page;
  /** Console messages, page errors and dialogs of the browser. */
  readonly complaints: string[];
}

async function open(
  options: { readonly viewport?: typeof WIDE; readonly colorScheme?: "light" | "dark" } = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: WIDE, ...options });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { page, complaints };
}

async function signIn(page: Page, host = HOST): Promise<void> {
  await page.goto(base(host));
  await page.getByLabel("Your name").fill("jane");
  await page.getByLabel("Operator token").fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Reloads until the journal has the event: key objects report to it in the background. */
async function reloadUntil(page: Page, isRight: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isRight())) {
    if (Date.now() > deadline) throw new Error(`not seen in time: ${await page.locator("main").innerText()}`);
    await page.reload();
  }
}

/** An unknown outcome that the overview shows, by its operation. */
async function lose(page: Page): Promise<{ path: string; key: string; isShown: () => Promise<boolean> }> {
  const [path, key] = [`/v1/lost/${randomUUID().slice(0, 8)}`, randomUUID()];
  expect(await send(path, key)).toMatch(/^502 unknown/);
  const isShown = async (): Promise<boolean> => (await page.getByRole("link", { name: `POST ${path}` }).count()) > 0;
  await reloadUntil(page, isShown);
  return { path, key, isShown };
}

describe.skipIf(installed === null)("O8 in a browser", () => {
  test("an operator signs in, settles an unknown outcome with the mouse, and signs out", async () => {
    const { page, complaints } = await open();
    await signIn(page);
    const { path, key, isShown } = await lose(page);
    const entry = page.locator(".entry", { hasText: path });
    await entry.getByText("Settle", { exact: true }).click();
    expect(await entry.getByLabel("Status").isVisible()).toBe(false);
    await entry.getByLabel("Settle as executed").check();
    await entry.getByLabel("Status").fill("201");
    await entry.getByLabel("Body").fill('{"id":"ch_1"}');
    await entry.getByRole("button", { name: "Settle as executed" }).click();
    // The browser itself requires the reason.
    expect(await entry.locator("input[name=why]:invalid").count()).toBe(1);
    await entry.getByLabel("Reason").fill("in the ledger, ticket 4711");
    await entry.getByRole("button", { name: "Settle as executed" }).click();
    await page.getByText("jane (operator token): settle").waitFor();
    expect(await page.locator("main").innerText()).toContain("Reason: in the ledger, ticket 4711");
    await page.getByRole("link", { name: HOST }).click();
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
    await page.getByText("kim (operator token): settle").waitFor();
    await page.goto(base());
    await reloadUntil(page, async () => !(await isShown()));
    expect(await send(path, key)).toMatch(/^502 unknown/);
    expect(complaints).toEqual([]);
  });

  test("an operator finds a record by its request", async () => {
    const { page, complaints } = await open();
    const key = `order-${randomUUID()}`;
    expect(await send("/v1/charges", key)).toMatch(/^201 executed/);
    await signIn(page);
    await page.getByLabel("Operation").fill("POST /v1/charges");
    await page.getByLabel("Headers that identify the caller").fill("Authorization: Bearer alice");
    await page.getByLabel("Key", { exact: true }).fill(key);
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
    // The unmodified page causes no message.
    await reloadUntil(page, async () => (await page.getByRole("link", { name: "script" }).count()) > 0);
    expect(complaints).toEqual([]);
    // Simulates a failure of the escaping.
    await page.route(`${base()}*`, async (route) => {
      const headers = { ...route.request().headers(), host: HOST };
      const response = await route.fetch({ url: new URL("/_oncegate/", gateway.url).href, headers });
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
    await page.goto(`http://${HOST}:${gateway.url.port}/v1/page`);
    const fetched = await page.evaluate(`fetch("/_oncegate/").then((response) => response.text())`);
    expect(fetched).toContain("Operator token");
    expect(fetched).not.toContain("Sign out");
    const opened = page.context().waitForEvent("page");
    await page.evaluate(`window.taken = window.open("/_oncegate/"), null`);
    const popup = await opened;
    await popup.getByRole("button", { name: "Sign out" }).waitFor();
    expect(await page.evaluate(`window.taken.closed`)).toBe(true);
  });

  test.each([
    ["wide", "light", WIDE],
    ["wide", "dark", WIDE],
    ["narrow", "light", NARROW],
    ["narrow", "dark", NARROW],
  ] as const)("fits a %s screen, %s", async (width, colorScheme, viewport) => {
    const { page } = await open({ viewport, colorScheme });
    const shot = async (name: string): Promise<void> => {
      if (pictures === undefined) return;
      await page.screenshot({ path: join(pictures, `${name}-${width}-${colorScheme}.png`), fullPage: true });
    };
    const fits = async (): Promise<unknown> => page.evaluate("document.documentElement.scrollWidth - innerWidth");
    await page.goto(base());
    await shot("sign-in");
    await signIn(page);
    const { path } = await lose(page);
    for (const _ of [1, 2]) await send("/v1/orders", null);
    await page.locator(".entry", { hasText: path }).getByText("Settle", { exact: true }).click();
    await page.locator(".entry", { hasText: path }).getByLabel("Settle as executed").check();
    await shot("overview");
    expect(await fits()).toBeLessThanOrEqual(0);
    await page.getByRole("link", { name: `POST ${path}` }).click();
    await page.getByRole("heading", { name: "Actions" }).waitFor();
    await shot("record");
    expect(await fits()).toBeLessThanOrEqual(0);
  });
});
