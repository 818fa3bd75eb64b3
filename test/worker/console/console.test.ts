import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { browserOf, csrfIn, signedIn } from "../../support/console.ts";
import { HOST, clientOf, statusOf, uniqueKey } from "../../support/gateway.ts";
import { TOKEN, eventually, idOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";
const NOBODY = "0".repeat(64);
const ROUTES = ["", "/", "/records", `/records/${NOBODY}`, "/find", "/sign-in", "/sign-out"];
const OTHER = { "other.test": { origin: "http://origin.test", caller: ["authorization"] } };

afterEach(() => vi.useRealTimers());

/** Somebody who has signed in, and a key whose outcome is unknown. */
async function withUnknown(path = PATH, key = uniqueKey()) {
  const origin = scriptOrigin(() => new Response("?", { status: 502 }));
  const browser = await signedIn();
  await browser.operator.client.post(path, { key });
  return { origin, browser, key, id: await idOf(key, path) };
}

describe("O8 signing in", () => {
  test.each(ROUTES)("without a secret there is nothing at %s", async (path) => {
    const client = clientOf();
    for (const method of ["GET", "POST"]) {
      const response = await client.fetch(`https://${HOST}/_oncegate${path}`, { method });
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ type: "about:blank", title: "Not Found", status: 404 });
    }
  });

  test("is asked for on each page, and leads back to where somebody wanted to go", async () => {
    const browser = browserOf();
    expect((await browser.get("")).headers.get("location")).toBe("/_oncegate/");
    for (const path of ["/", `/records/${NOBODY}`]) {
      const page = await (await browser.get(path)).text();
      expect(page).toContain("Operator token");
      expect(page).toContain(`name="to" value="/_oncegate${path}"`);
    }
    const response = await browser.signIn({ to: `/_oncegate/records/${NOBODY}` });
    expect([response.status, response.headers.get("location")]).toEqual([303, `/_oncegate/records/${NOBODY}`]);
    expect(await (await browser.get("/")).text()).toContain("jane (all hostnames)");
  });

  test.each(["https://evil.test/", "//evil.test/", "/_oncegate/../v1", "/v1/charges", "javascript:alert(1)"])(
    "never leads to %s",
    async (to) => {
      expect((await browserOf().signIn({ to })).headers.get("location")).toBe("/_oncegate/");
    },
  );

  test.each(["", "wrong", `${TOKEN}x`, TOKEN.slice(1)])("is refused with the token %j", async (token) => {
    const response = await browserOf().signIn({ token });
    expect(response.status).toBe(403);
    expect(response.headers.has("set-cookie")).toBe(false);
    expect(await response.text()).toContain("no operator&#39;s token");
  });

  test("is refused with a name that the audit could not have", async () => {
    for (const operator of ["jäne", "x".repeat(101)]) {
      expect((await browserOf().signIn({ operator })).status).toBe(403);
    }
  });

  test("sets a cookie that no script sees, no other site sends, and that is not the token", async () => {
    const response = await browserOf().signIn();
    const [pair = "", ...attributes] = (response.headers.get("set-cookie") ?? "").split("; ");
    expect(attributes.sort()).toEqual(["HttpOnly", "Max-Age=28800", "Path=/_oncegate", "SameSite=Strict", "Secure"]);
    expect(pair).not.toContain(TOKEN);
    expect(pair).not.toContain(btoa(TOKEN).replaceAll("=", ""));
  });

  test("ends with signing out", async () => {
    const browser = await signedIn();
    const response = await browser.post("/sign-out", {});
    expect([response.status, response.headers.get("location")]).toEqual([303, "/_oncegate/"]);
    expect(response.headers.get("set-cookie")).toMatch(/^oncegate_session=; Path=\/_oncegate; Max-Age=0;/);
  });
});

describe("O8 a session", () => {
  const isSignedIn = async (response: Response): Promise<boolean> => (await response.text()).includes("Sign out");

  test("is over after 8 hours", async () => {
    vi.useFakeTimers({ now: Date.now(), toFake: ["Date"] });
    const browser = await signedIn();
    vi.setSystemTime(Date.now() + 8 * 60 * 60 * 1000 - 1);
    expect(await isSignedIn(await browser.get("/"))).toBe(true);
    vi.setSystemTime(Date.now() + 1);
    expect(await isSignedIn(await browser.get("/"))).toBe(false);
  });

  test("can't be made or changed without the token", async () => {
    const browser = await signedIn();
    const real = browser.cookie ?? "";
    const [text = "", seal = ""] = real.slice("oncegate_session=".length).split(".");
    const said = JSON.parse(atob(text)) as object;
    const written = (changes: object): string => btoa(JSON.stringify({ ...said, ...changes })).replaceAll("=", "");
    const forged = [
      `${text}.`,
      `.${seal}`,
      `${text}.${seal}.`,
      `${text}.${seal.slice(0, -1)}`,
      `${written({ until: Date.now() + 1e12 })}.${seal}`,
      `${written({ operator: "mallory" })}.${seal}`,
      `${written({ role: "tenant" })}.${seal}`,
      `${written({ role: "__proto__" })}.${seal}`,
      `${"a".repeat(600)}.${seal}`,
      TOKEN,
      "",
    ];
    for (const sealed of forged) {
      browser.cookie = `oncegate_session=${sealed}`;
      expect([sealed, await isSignedIn(await browser.get("/"))]).toEqual([sealed, false]);
    }
    browser.cookie = `${real}; ${real}`;
    expect(await isSignedIn(await browser.get("/"))).toBe(false);
    browser.cookie = real;
    expect(await isSignedIn(await browser.get("/"))).toBe(true);
  });

  test("is worth nothing on another hostname, though one token opens both", async () => {
    const here = await signedIn({}, OTHER);
    const there = browserOf({}, OTHER, {}, "other.test");
    there.cookie = here.cookie;
    expect(await isSignedIn(await there.get("/"))).toBe(false);
    await there.signIn();
    expect(await isSignedIn(await there.get("/"))).toBe(true);
  });

  test("ends when the secret is changed", async () => {
    const browser = await signedIn();
    const after = browserOf({}, {}, { OPERATOR_TOKEN: "another" });
    after.cookie = browser.cookie;
    expect(await isSignedIn(await after.get("/"))).toBe(false);
  });

  test("of a tenant's token opens that tenant, and is no session of the Worker's", async () => {
    const entry = { operator_token: "secret:OWN_TOKEN" };
    const browser = browserOf(entry, {}, { OWN_TOKEN: "own" });
    await browser.signIn({ token: "own" });
    expect(await (await browser.get("/")).text()).toContain("jane (this tenant)");
    const without = browserOf({}, {}, { OWN_TOKEN: "own" });
    without.cookie = browser.cookie;
    expect(await isSignedIn(await without.get("/"))).toBe(false);
  });

  test("opens no part of the API, and the API's token no page", async () => {
    const browser = await signedIn();
    expect((await browser.get("/v1/counts")).status).toBe(401);
    browser.cookie = null;
    expect(await isSignedIn(await browser.get("/", { authorization: `Bearer ${TOKEN}` }))).toBe(false);
  });

  test.each([
    { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
    { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
    { "sec-fetch-dest": "iframe" },
  ])("shows nothing to a page that fetches or embeds it: %j", async (headers) => {
    const browser = await signedIn();
    expect(await isSignedIn(await browser.get("/", headers))).toBe(false);
  });

  test("can be taken up by whoever comes from another site, whose link brings no cookie", async () => {
    const page = await browserOf().get(`/records/${NOBODY}`, { "sec-fetch-site": "cross-site" });
    expect(await page.text()).toContain(`<a href="/_oncegate/records/${NOBODY}">go on</a>`);
  });
});

describe("O8 a form", () => {
  const RELEASE = { choice: "release", why: "x" };

  test("counts only with the token of its own session, sent by a page of the console", async () => {
    const { browser, key, id } = await withUnknown();
    const others = csrfIn(await (await (await signedIn()).get("/")).text());
    const own = csrfIn(await (await browser.get("/")).text());
    expect(own).not.toBe("");
    expect(others).not.toBe(own);
    const refused = [
      await browser.post(`/records/${id}`, { ...RELEASE, csrf: "" }),
      await browser.post(`/records/${id}`, { ...RELEASE, csrf: others }),
      await browser.post(`/records/${id}`, { ...RELEASE, csrf: `${own}x` }),
      await browser.post(`/records/${id}`, RELEASE, { "sec-fetch-site": "cross-site" }),
      await browser.post(`/records/${id}`, RELEASE, { "sec-fetch-site": "same-site" }),
      await browser.post(`/records/${id}`, RELEASE, { "sec-fetch-mode": "cors" }),
      await browser.post(`/records/${id}`, RELEASE, { cookie: "" }),
      await browser.post("/sign-out", { csrf: "" }),
      await browser.post("/find", { csrf: "", operation: "POST /x", key: "k" }),
      await browser.signIn({}, { "sec-fetch-site": "cross-site" }),
    ];
    for (const response of refused) {
      expect(response.status).toBe(403);
      expect(response.headers.has("set-cookie")).toBe(false);
    }
    expect((await browser.operator.client.post(PATH, { key })).status).toBe(409);
  });

  test.each([
    ["https://evil.test", 403],
    [`https://${HOST}`, 303],
    ["null", 303],
  ])("is told by its Origin, %s, where a browser says nothing else", async (origin, status) => {
    const fields = new URLSearchParams({ token: TOKEN });
    const response = await browserOf().operator.client.fetch(`https://${HOST}/_oncegate/sign-in`, {
      method: "POST",
      body: fields,
      headers: { origin },
    });
    expect(response.status).toBe(status);
  });

  test("that is too large is refused", async () => {
    const { browser, id } = await withUnknown();
    const response = await browser.post(`/records/${id}`, { choice: "final", body: "x".repeat(2_000_001) });
    expect(response.status).toBe(413);
    const signingIn = await browserOf().signIn({ to: "x".repeat(10_001) });
    expect([signingIn.status, signingIn.headers.has("set-cookie")]).toEqual([403, false]);
  });
});

describe("O8 the pages", () => {
  test("carry what keeps scripts, frames and caches away", async () => {
    const browser = await signedIn();
    const pages = [await browser.get("/"), await browser.get(`/records/${NOBODY}`), await browserOf().get("/")];
    for (const { headers } of pages) {
      expect(headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
      );
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    }
  });

  test("are not opened to the sites that `cors` allows", async () => {
    const cors = { origins: ["https://app.test"], credentials: true };
    const browser = await signedIn({ cors });
    const response = await browser.get("/", { origin: "https://app.test" });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  const MARKUP = [`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg onload=alert(1)>`];

  test.each(MARKUP)("show %s as what it is", async (markup) => {
    const path = `/v1/${encodeURIComponent(markup)}/'"`;
    const key = `${uniqueKey().slice(0, 8)}'<img/onerror=x>`;
    const { browser, id } = await withUnknown(new URL(path, "http://x").pathname, key);
    const seen = [
      await browser.post(`/records/${id}`, { choice: "final", status: "99", type: markup, body: markup, why: markup }),
      await browser.post(`/records/${id}`, { choice: markup, why: markup }),
      await browser.post("/find", { operation: `POST /${markup}`, headers: `${markup}: x`, key: markup }),
      await browser.get(`/records?id=${encodeURIComponent(markup)}`),
      await browser.get(`/records/${encodeURIComponent(markup)}`),
      await browser.get(`/?after=${encodeURIComponent(markup)}`),
      await browserOf().signIn({ operator: `ä${markup}`, to: markup }),
    ];
    await browser.post(`/records/${id}`, { choice: "final", status: "200", type: "text/x", body: markup, why: markup });
    const overview = await eventually(
      async () => (await browser.get("/")).text(),
      (page) => page.includes("Unknown outcomes"),
    );
    const record = await (await browser.get(`/records/${id}`)).text();
    for (const page of [overview, record, ...(await Promise.all(seen.map((response) => response.text())))]) {
      expect(page).not.toMatch(/<script|<img|<svg onload|<iframe/i);
    }
    expect(record).toContain("&lt;img/onerror=x&gt;");
    expect(record).toContain(
      `Reason: ${markup.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;").replaceAll("'", "&#39;")}`,
    );
  });

  test("find a record by what a customer can tell, and by its id", async () => {
    const { browser, key, id } = await withUnknown();
    const asked = { operation: `POST ${PATH}`, headers: "Authorization: Bearer alice\r\n\r\nX-Other: a: b", key };
    const place = `/_oncegate/records/${id}`;
    expect((await browser.post("/find", asked)).headers.get("location")).toBe(place);
    expect((await browser.get(`/records?id=${id.toUpperCase()}`)).headers.get("location")).toBe(place);
    const page = await (await browser.get(`/records/${id}`)).text();
    for (const said of [key, "POST /v1/charges", ">unknown<", "It may have run"]) expect(page).toContain(said);
    for (const fields of [
      { ...asked, headers: "" },
      { ...asked, headers: "nonsense" },
      { ...asked, key: " " },
    ]) {
      const response = await browser.post("/find", fields);
      expect([response.status, (await response.text()).includes('role="alert"')]).toEqual([400, true]);
    }
  });

  test("show nothing of another hostname's records", async () => {
    const { id } = await withUnknown();
    const there = browserOf({}, OTHER, {}, "other.test");
    await there.signIn();
    const page = await there.get(`/records/${id}`);
    expect(page.status).toBe(404);
    expect(await page.text()).toContain("Nothing is known under this id");
    const act = await there.post(`/records/${id}`, { choice: "release", why: "x" });
    expect(act.status).toBe(404);
    expect(await (await there.get("/")).text()).not.toContain(id);
  });
});

describe("O8 acting", () => {
  test("settles an unknown outcome as the API does, and the audit says who", async () => {
    const { origin, browser, key, id } = await withUnknown();
    const listed = (page: string): boolean => page.includes(`href="/_oncegate/records/${id}"`);
    const look = async (): Promise<string> => (await browser.get("/")).text();
    await eventually(look, listed);
    const fields = {
      choice: "final",
      status: "201",
      type: "application/json",
      body: '{"a":1,\r\n"b":2}',
      why: "ledger",
    };
    const response = await browser.post(`/records/${id}`, fields);
    expect([response.status, response.headers.get("location")]).toEqual([303, `/_oncegate/records/${id}`]);
    await eventually(look, (page) => !listed(page));
    const page = await (await browser.get(`/records/${id}`)).text();
    for (const said of [
      ">completed<",
      "201, 14 bytes",
      "jane (operator token): settle",
      "unknown → completed",
      "Reason: ledger",
    ]) {
      expect(page).toContain(said);
    }
    const retry = await browser.operator.client.post(PATH, { key });
    expect([retry.status, statusOf(retry), await retry.text()]).toEqual([201, "replayed", '{"a":1,\n"b":2}']);
    expect(origin.received).toHaveLength(1);
    const { lines } = await (await browser.operator.get(`/audit?record=${id}`)).json<{ lines: object[] }>();
    expect(lines).toMatchObject([
      { token: "operator", operator: "jane", action: "settle", why: "ledger", result: "done", before: "unknown" },
    ]);
  });

  test.each([
    ["not-executed", "none"],
    ["release", "none"],
  ])("by %s frees the key", async (choice, after) => {
    const { origin, browser, key, id } = await withUnknown();
    expect((await browser.post(`/records/${id}`, { choice, why: "x" })).status).toBe(303);
    const page = await browser.get(`/records/${id}`);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain(`unknown → ${after}`);
    origin.answers(() => new Response("ok"));
    expect(statusOf(await browser.operator.client.post(PATH, { key }))).toBe("executed");
  });

  test("purges a kept answer", async () => {
    const { origin, browser, id, key } = await withUnknown();
    await browser.post(`/records/${id}`, { choice: "release", why: "x" });
    origin.answers(() => new Response("secret"));
    await browser.operator.client.post(PATH, { key });
    expect((await browser.post(`/records/${id}`, { choice: "purge", why: "asked for" })).status).toBe(303);
    expect(await (await browser.get(`/records/${id}`)).text()).toContain("completed → tombstone");
  });

  test.each([
    [{ choice: "final", status: "201", why: " " }, "must say why"],
    [{ choice: "final", status: "", why: "x" }, "status"],
    [{ choice: "final", status: "204", body: "x", why: "x" }, "has no body"],
    [{ choice: "purge", why: "x" }, "There is no answer"],
    [{ why: "x" }, "Choose what is to be done"],
  ])("is refused where the API would: %j", async (fields, said) => {
    const { browser, key, id } = await withUnknown();
    const response = await browser.post(`/records/${id}`, fields);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.text()).toContain(said);
    expect((await browser.operator.client.post(PATH, { key })).status).toBe(409);
  });
});

describe("O8 the overview", () => {
  const HOUR_MS = 60 * 60 * 1000;

  test("draws the last day, and has it as a table", async () => {
    const entry = { ...OTHER["other.test"], routes: [{ match: "POST /v1/orders", key: "optional" }] };
    const browser = browserOf({}, { "counts.test": entry }, {}, "counts.test");
    await browser.signIn();
    const operation = "POST /v1/orders";
    const counts = { executed: 40, replayed: 7, joined: 2, unknown: 1, refused: 3, keyless: 9, keyless_repeated: 4 };
    const observed = { would_execute: 50, would_replay: 5, would_join: 1, would_refuse: 2 };
    await env.JOURNALS.getByName("counts.test").count(
      Object.entries({ ...counts, ...observed, keyless_compared: 8 }).map(([kind, n]) => ({
        operation,
        kind: kind as "executed",
        n,
      })),
    );
    const page = await (await browser.get("/")).text();
    expect(page.match(/<rect/g)?.length).toBeGreaterThanOrEqual(5);
    expect(page).toContain("40 executed, 7 replayed, 2 joined, 1 unknown, 3 refused");
    expect(page.match(/<th scope="row">/g)).toHaveLength(25);
    expect(page).toContain(new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS).toISOString().slice(0, 10));
    expect(page).toContain("<dt>duplicates prevented</dt><dd>9</dd>");
    expect(page).toContain("Switching on would have prevented 6 duplicates and refused 2 requests.");
    expect(page).toContain("9 requests. 8 could be compared, of which 4 look like duplicates.");
    expect(page).toContain("match = &quot;POST /v1/orders&quot;\nderive_key = { window = &quot;5m&quot; }");
  });

  test("of more unknown outcomes than fit leads on to the others", async () => {
    const browser = browserOf({}, OTHER, {}, "other.test");
    await browser.signIn();
    const journal = env.JOURNALS.getByName("other.test");
    const news = { operation: "POST /x", attempt: 1, state: "unknown", cause: "timeout", times: 1 } as const;
    const nowMs = Date.now();
    for (let n = 0; n < 25; n++) {
      const record = n.toString(16).padStart(64, "0");
      await journal.record({ ...news, record, sinceMs: nowMs - 100 + n, atMs: nowMs, expiresAtMs: nowMs + HOUR_MS });
    }
    const first = await (await browser.get("/")).text();
    expect(first.match(/<summary[^>]*>Settle</g)).toHaveLength(20);
    const more = /href="\/_oncegate(\/\?after=[^"#]*)#unknown"/.exec(first)?.[1] ?? "";
    const second = await (await browser.get(more)).text();
    expect(second.match(/<summary[^>]*>Settle</g)).toHaveLength(5);
    expect(second).not.toContain("More of them");
  });
});
