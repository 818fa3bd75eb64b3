import { randomUUID } from "node:crypto";
import { type Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { overflow, poorContrasts } from "./looks.ts";
import {
  HOST,
  NARROW,
  OTHER,
  TOKEN,
  WIDE,
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

const PATHS = [
  "",
  "?range=1h",
  "?range=7d",
  "unknown",
  "records",
  "settle-many",
  "audit",
  "keyless",
  "policy",
  "help",
  "nothing",
];

/** To the page of an unknown outcome. */
async function openLost(page: Page): Promise<{ path: string; key: string }> {
  const { path, key } = await lose(page);
  await page.getByRole("link", { name: `POST ${path}` }).click();
  await page.getByRole("heading", { name: "Actions" }).waitFor();
  return { path, key };
}

const text = (page: Page): Promise<string> => page.locator("main").innerText();

describe.skipIf(installed === null)("O8 each page", () => {
  test.each([
    ["wide", "light", WIDE],
    ["wide", "dark", WIDE],
    ["narrow", "light", NARROW],
    ["narrow", "dark", NARROW],
  ] as const)(
    "fits a %s screen, and its text has enough contrast in the %s theme",
    async (_, colorScheme, viewport) => {
      const { page, complaints } = await open({ viewport, colorScheme });
      const looksRight = async (where: string): Promise<void> => {
        expect([where, await poorContrasts(page), await overflow(page)]).toEqual([where, [], 0]);
      };
      await page.goto(new URL("/.well-known/idempotency", base()).href);
      await looksRight("published policy");
      await page.goto(base());
      await looksRight("sign-in");
      await page.getByLabel("Operator token").fill("wrong");
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("alert").waitFor();
      await looksRight("refused sign-in");
      await signIn(page);
      for (const _ of [1, 2]) await send("/v1/orders", null);
      const { key } = await lose(page);
      for (const path of PATHS) {
        await page.goto(`${base()}${path}`);
        await looksRight(path);
      }
      await page.goto(`${base()}unknown?key=${key}&cause=attempt&range=24h&status=502`);
      await page.getByText("Settle", { exact: true }).click();
      await page.getByRole("radio", { name: "Answer with" }).check();
      await looksRight("filtered list with a form");
      await page.locator(".entry h3 a").click();
      await page.getByLabel("Forget the key").check();
      await page.getByLabel("Reason").fill("x".repeat(300));
      await page.getByRole("button", { name: "Forget the key" }).click();
      await page.getByRole("alert").waitFor();
      await looksRight("record with a refused form");
      await page.getByRole("radio", { name: "Answer with" }).check();
      await page.getByLabel("Body").fill("<b>".repeat(300));
      await page.getByRole("button", { name: "Answer retries with this" }).click();
      await page.getByRole("status").waitFor();
      await looksRight("record with a banner");
      await page.getByRole("button", { name: "Show the stored answer" }).click();
      await page.locator("pre.body").waitFor();
      await looksRight("record with its body");
      await page.goto(`${base()}audit`);
      await looksRight("audit log with lines");
      const unexpected = complaints.filter((complaint) => !/status of 40[034]/.test(complaint));
      expect(unexpected).toEqual([]);
    },
  );
});

describe.skipIf(installed === null)("O8 each action", () => {
  test("letting the next retry run", async () => {
    const { page } = await open();
    await signIn(page);
    const { path, key } = await openLost(page);
    await page.getByLabel("Let the next retry run").check();
    await page.getByLabel("Reason").fill("not in the ledger");
    await page.getByRole("button", { name: "Let the next retry run" }).click();
    await page.getByText("Done. The next request with the key executes.").waitFor();
    expect(await page.locator(".state").innerText()).toBe("none");
    expect(await send(path, key)).toMatch(/^502 unknown/);
  });

  test("forgetting a key that may have run, which wants a word typed and keeps the form until then", async () => {
    const { page } = await open();
    await signIn(page);
    const { path, key } = await openLost(page);
    expect(await page.getByLabel("Type release").isVisible()).toBe(false);
    await page.getByLabel("Forget the key").check();
    await page.getByLabel("Type release").fill("yes");
    await page.getByLabel("Reason").fill("refunded");
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByRole("alert").waitFor();
    expect(await text(page)).toContain("Type release to confirm. Nothing was done.");
    expect(await page.getByLabel("Reason").inputValue()).toBe("refunded");
    expect(await page.getByLabel("Type release").inputValue()).toBe("yes");
    expect(await send(path, key)).toMatch(/^409 unknown/);
    await page.getByLabel("Type release").fill("release");
    await page.getByRole("button", { name: "Forget the key" }).click();
    await page.getByText("Done. The key is forgotten: the next request with it executes.").waitFor();
    expect(await send(path, key)).toMatch(/^502 unknown/);
  });

  test("reading the stored answer, and erasing it", async () => {
    const { page } = await open();
    const key = randomUUID();
    expect(await send("/v1/charges", key)).toMatch(/^201 executed/);
    await signIn(page);
    await page.goto(`${base()}records`);
    const form = page.locator("form[method=post]", { hasText: "Find by key" });
    await form.getByLabel("Operation").fill("POST /v1/charges");
    await form.getByLabel("Headers that identify the caller").fill("nonsense");
    await form.getByLabel("Key", { exact: true }).fill(key);
    await page.getByRole("button", { name: "Find by key" }).click();
    await page.getByRole("alert").waitFor();
    expect(await form.getByLabel("Operation").inputValue()).toBe("POST /v1/charges");
    await form.getByLabel("Headers that identify the caller").fill("Authorization: Bearer alice");
    await page.getByRole("button", { name: "Find by key" }).click();
    await page.getByRole("button", { name: "Show the stored answer" }).click();
    expect(await page.locator("pre.body").innerText()).toBe("<script>alert(1)</script>");
    await page.getByLabel("Erase the stored answer").check();
    await page.getByLabel("Reason").fill("asked for by the customer");
    await page.getByRole("button", { name: "Erase the stored answer" }).click();
    await page.getByText("Done. The answer is erased").waitFor();
    expect(await page.locator(".state").innerText()).toBe("tombstone");
    expect(await page.getByRole("button", { name: "Show the stored answer" }).count()).toBe(0);
    expect(await page.locator("ol.timeline").innerText()).toMatch(
      /jane \(operator token\): read [^]*jane \(operator token\): purge/,
    );
    expect(await send("/v1/charges", key)).toMatch(/^409 /);
    await page.getByRole("link", { name: "This record in the audit log" }).click();
    expect(await text(page)).toContain("asked for by the customer");
    expect(await page.locator(".entry").count()).toBe(2);
  });

  test("settling many, from a filtered list", async () => {
    const { page } = await open();
    await signIn(page);
    const path = `/v1/lost/many-${randomUUID().slice(0, 8)}`;
    const keys = [randomUUID(), randomUUID(), randomUUID()];
    for (const key of keys) expect(await send(path, key)).toMatch(/^502 unknown/);
    await page.goto(`${base()}unknown?operation=${encodeURIComponent(`POST ${path}`)}`);
    await reloadUntil(page, async () => (await page.locator(".entry").count()) === 3);
    await page.getByRole("link", { name: "Settle many with this filter" }).click();
    expect(await page.getByLabel("Operation").inputValue()).toBe(`POST ${path}`);
    await page.getByLabel("They ran").check();
    await page.getByLabel("Status", { exact: true }).fill("201");
    await page.getByLabel("Body").fill('{"ok":true}');
    await page.getByLabel("Reason").fill("ticket 4711");
    await page.getByRole("button", { name: "Check what would be settled" }).click();
    await page.getByRole("status").waitFor();
    expect(await page.getByRole("status").innerText()).toContain("3 records match. Of the first 3, 3 can be settled.");
    expect(await send(path, keys[0] ?? "")).toMatch(/^409 unknown/);
    await page.getByRole("button", { name: "Settle the first 3 of 3" }).click();
    await page.getByText("All batches are done").waitFor();
    expect(await page.getByRole("status").innerText()).toContain("3 settled, 0 refused, 0 not known, 0 left.");
    for (const key of keys) expect(await send(path, key)).toMatch(/^201 replayed/);
  });
});

describe.skipIf(installed === null)("O8 finding one's way", () => {
  test("leads to each page by the navigation, and to another hostname by the switcher", async () => {
    const { page } = await open();
    await signIn(page);
    const navigation = page.getByRole("navigation", { name: "Console" });
    for (const link of await navigation.getByRole("link").allInnerTexts()) {
      await navigation.getByRole("link", { name: link, exact: true }).click();
      expect(await navigation.locator("[aria-current=page]").innerText()).toBe(link);
    }
    await page.getByLabel(`Hostname ${HOST}. Switch to another`).click();
    await page.getByRole("link", { name: OTHER }).click();
    await page.getByLabel("Operator token").fill(TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel(`Hostname ${OTHER}. Switch to another`).waitFor();
    expect(new URL(page.url()).hostname).toBe(OTHER);
    expect(new URL(page.url()).port).toBe(gatewayUrl().port);
  });

  test("keeps a filter and a time range in the address, also over signing in", async () => {
    const { page } = await open();
    const address = `${base()}unknown?operation=POST+%2Fv1%2Fnone&range=7d`;
    await page.goto(address);
    await page.getByLabel("Operator token").fill(TOKEN);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { name: "Unknown outcomes" }).waitFor();
    expect(page.url()).toBe(address);
    expect(await text(page)).toContain("None.");
    await page.getByLabel("Cause").selectOption("timeout");
    await page.getByRole("button", { name: "Filter" }).click();
    await page.waitForURL(/cause=timeout/);
    expect(new URL(page.url()).searchParams.get("range")).toBe("7d");
    await page.goto(base());
    await page.getByRole("link", { name: "7 d" }).click();
    await page.getByText("the last 7 d", { exact: false }).first().waitFor();
    expect(new URL(page.url()).search).toBe("?range=7d");
  });

  test("a file is downloaded from the filtered list", async () => {
    const { page } = await open();
    await signIn(page);
    const { key } = await lose(page);
    await page.goto(`${base()}unknown?key=${key}`);
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "CSV" }).click();
    expect((await downloading).suggestedFilename()).toBe("journal.csv");
  });
});
