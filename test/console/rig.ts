/** What the browser tests of the console share: a gateway with an origin, a browser, and an operator who signs in. */

import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { type Browser, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, inject } from "vitest";
import { WAIT_MS, startChromium } from "../../scripts/chromium/start.ts";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { secretsNamedBy } from "../support/secrets.ts";
import { type Origin, startOrigin } from "./origin.ts";

export const TOKEN = "token-of-the-operators";

/** Names below `localhost` resolve to this machine, and browsers treat them as secure contexts, like https. */
export const HOST = "api.localhost";
export const OTHER = "shop.localhost";
export const WIDE = { width: 1100, height: 900 };
export const NARROW = { width: 390, height: 844 };

export const installed = inject("browser");

let origin: Origin;
let gateway: Gateway;
let browser: Browser;

/** For each file of tests. */
export function startOnce(): void {
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
}

export const base = (host = HOST): string => `http://${host}:${gateway.url.port}/_oncegate/`;

/** Of this machine, for what is not a browser. */
export const gatewayUrl = (): URL => gateway.url;

/** A request of an API client. Node doesn't resolve names below `localhost` everywhere, so the Host header is explicit. */
export function send(path: string, key: string | null, body = "{}"): Promise<string> {
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

export interface Watched {
  readonly page: Page;
  /** Console messages, page errors and dialogs of the browser. */
  readonly complaints: string[];
}

export async function open(
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

export async function signIn(page: Page, host = HOST): Promise<void> {
  await page.goto(base(host));
  await page.getByLabel("Your name").fill("jane");
  await page.getByLabel("Operator token").fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

/** Reloads until the journal has the event: key objects report to it in the background. */
export async function reloadUntil(page: Page, isRight: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isRight())) {
    if (Date.now() > deadline) throw new Error(`not seen in time: ${await page.locator("main").innerText()}`);
    await page.reload();
  }
}

/** An unknown outcome, on the page that lists them. */
export async function lose(page: Page): Promise<{ path: string; key: string; isShown: () => Promise<boolean> }> {
  const [path, key] = [`/v1/lost/${randomUUID().slice(0, 8)}`, randomUUID()];
  expect(await send(path, key)).toMatch(/^502 unknown/);
  const isShown = async (): Promise<boolean> => (await page.getByRole("link", { name: `POST ${path}` }).count()) > 0;
  await page.goto(`${base()}unknown`);
  await reloadUntil(page, isShown);
  return { path, key, isShown };
}
