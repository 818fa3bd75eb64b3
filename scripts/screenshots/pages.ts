// Takes the pictures: each page, wide and on a phone, in light and in dark.

import { join } from "node:path";
import { type Browser, type Page } from "playwright-core";
import { HOST, KNOWN_KEY, SHOP, TOKEN } from "./traffic.ts";

export interface Photographed {
  readonly browser: Browser;
  readonly port: number;
  readonly out: string;
  /** Where the picture of the documentation goes. */
  readonly readme: string;
}

const WIDE = { width: 1100, height: 900 };
const PHONE = { width: 390, height: 844 };
const LOOKS = [
  ["wide-light", WIDE, "light"],
  ["wide-dark", WIDE, "dark"],
  ["phone-light", PHONE, "light"],
  ["phone-dark", PHONE, "dark"],
] as const;

type Take = (name: string) => Promise<void>;

/** How many pictures were taken. */
export async function photograph({ browser, port, out, readme }: Photographed): Promise<number> {
  let count = 0;
  for (const [look, viewport, colorScheme] of LOOKS) {
    const context = await browser.newContext({ viewport, colorScheme });
    const page = await context.newPage();
    await visit(page, port, async (name) => {
      await page.screenshot({ path: join(out, `${name}-${look}.png`), fullPage: true });
      count++;
    });
    await context.close();
  }
  const context = await browser.newContext({ viewport: { width: 960, height: 1110 }, colorScheme: "light" });
  const page = await context.newPage();
  await signIn(page, `http://${HOST}:${port}`);
  await page.screenshot({ path: readme });
  await context.close();
  return count;
}

async function signIn(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/_oncegate/`);
  await page.getByLabel("Your name").fill("jane");
  await page.getByLabel("Operator token").fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
}

async function visit(page: Page, port: number, take: Take): Promise<void> {
  const origin = `http://${HOST}:${port}`;
  const open = (path: string): Promise<unknown> => page.goto(`${origin}/_oncegate/${path}`);
  await page.goto(`${origin}/.well-known/idempotency`);
  await take("published-policy");
  await open("");
  await take("sign-in");
  await signIn(page, origin);
  await take("overview");
  for (const name of ["unknown", "records", "policy", "help", "settle-many", "nothing"]) {
    await open(name);
    await take(name);
  }
  await open("?range=7d");
  await take("overview-week");
  await open("keyless");
  for (const summary of await page.locator("main summary").all()) await summary.click();
  await take("keyless");
  await open("unknown?cause=attempt&status=502");
  await page.locator(".entry summary").first().click();
  await page.locator("input[value=final]").first().check();
  await take("unknown-settle");
  await records(page, open, take);
  await many(page, open, take);
  await open("audit");
  await take("audit");
  await page.locator(".hosts summary").click();
  await take("hosts");
  await signIn(page, `http://${SHOP}:${port}`);
  await take("overview-observed");
}

type Open = (path: string) => Promise<unknown>;

async function records(page: Page, open: Open, take: Take): Promise<void> {
  await open("unknown");
  await page.locator(".entry h3 a").last().click();
  await page.locator("input[value=release]").check();
  await page.getByLabel("Reason").fill("in the ledger, ticket 4711");
  await page.getByRole("button", { name: "Forget the key" }).click();
  await page.getByRole("alert").waitFor();
  await take("record-refused");
  await open("records");
  await page.locator("form[method=post] input[name=operation]").fill("POST /v1/charges");
  await page.locator("textarea[name=headers]").fill("Authorization: Bearer alice");
  await page.locator("form[method=post] input[name=key]").fill(KNOWN_KEY);
  await page.getByRole("button", { name: "Find by key" }).click();
  await page.getByRole("button", { name: "Show the stored answer" }).click();
  await take("record-body");
}

async function many(page: Page, open: Open, take: Take): Promise<void> {
  await open("settle-many");
  await page.locator("input[value=final]").check();
  await page.getByLabel("Reason").fill("in the ledger, ticket 4711");
  await page.getByRole("button", { name: "Check what would be settled" }).click();
  await page.getByRole("status").waitFor();
  await take("settle-many-check");
}
