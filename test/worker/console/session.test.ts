import { afterEach, describe, expect, test, vi } from "vitest";
import { browserOf, csrfIn, signedIn, withUnknown } from "../../support/console.ts";
import { HOST, clientOf } from "../../support/gateway.ts";
import { auditOf } from "../../support/journal.ts";
import { TOKEN } from "../../support/operator.ts";

const PATH = "/v1/charges";
const ABSENT = "0".repeat(64);
const ROUTES = ["", "/", "/records", `/records/${ABSENT}`, "/find", "/sign-in", "/sign-out"];
/** As many as a browser has of one name: one for each prefix of a path, under each parent of the hostname. */
const PLANTED = Array.from({ length: 40 }, (_, n) => `oncegate_session=${n}.planted`).join("; ");

/** The value of a cookie may have commas, although RFC 6265 has none. */
const PLANTED_BY_COMMAS = `foo=${Array.from({ length: 200 }, (_, n) => `,oncegate_session=${n}.planted`).join("")}`;

const OTHER = { "other.test": { origin: "http://origin.test", caller: ["authorization"] } };

afterEach(() => vi.useRealTimers());

describe("O8 signing in", () => {
  test.each(ROUTES)("does not exist at %s without a token secret", async (path) => {
    const client = clientOf();
    for (const method of ["GET", "POST"]) {
      const response = await client.fetch(`https://${HOST}/_oncegate${path}`, { method });
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ type: "about:blank", title: "Not Found", status: 404 });
    }
  });

  test("is required on each page, and leads back to the requested page", async () => {
    const browser = browserOf();
    expect((await browser.get("")).headers.get("location")).toBe("/_oncegate/");
    for (const path of ["/", `/records/${ABSENT}`]) {
      const page = await (await browser.get(path)).text();
      expect(page).toContain("Operator token");
      expect(page).toContain(`name="to" value="/_oncegate${path}"`);
    }
    const response = await browser.signIn({ to: `/_oncegate/records/${ABSENT}` });
    expect([response.status, response.headers.get("location")]).toEqual([303, `/_oncegate/records/${ABSENT}`]);
    expect(await (await browser.get("/")).text()).toContain("jane (operator token)");
  });

  test.each(["https://evil.test/", "//evil.test/", "/_oncegate/../v1", "/v1/charges", "javascript:alert(1)"])(
    "never redirects to %s",
    async (to) => {
      expect((await browserOf().signIn({ to })).headers.get("location")).toBe("/_oncegate/");
    },
  );

  test.each(["", "wrong", `${TOKEN}x`, TOKEN.slice(1)])("is refused with the token %j", async (token) => {
    const response = await browserOf().signIn({ token });
    expect(response.status).toBe(403);
    expect(response.headers.has("set-cookie")).toBe(false);
    expect(await response.text()).toContain("This token is not valid for this hostname.");
  });

  test("is refused with a name that the audit log can't hold", async () => {
    for (const operator of ["jäne", "x".repeat(101)]) {
      expect((await browserOf().signIn({ operator })).status).toBe(403);
    }
  });

  test("sets a cookie that scripts can't read, other sites can't send, and that does not contain the token", async () => {
    const response = await browserOf().signIn();
    const [pair = "", ...attributes] = (response.headers.get("set-cookie") ?? "").split("; ");
    expect(attributes.sort()).toEqual(["HttpOnly", "Max-Age=28800", "Path=/_oncegate", "SameSite=Strict", "Secure"]);
    expect(pair).not.toContain(TOKEN);
    expect(pair).not.toContain(btoa(TOKEN).replaceAll("=", ""));
  });

  test("ends when the operator signs out", async () => {
    const browser = await signedIn();
    const response = await browser.post("/sign-out", {});
    expect([response.status, response.headers.get("location")]).toEqual([303, "/_oncegate/"]);
    expect(response.headers.get("set-cookie")).toMatch(/^oncegate_session=; Path=\/_oncegate; Max-Age=0;/);
  });
});

describe("O8 a session", () => {
  const isSignedIn = async (response: Response): Promise<boolean> => (await response.text()).includes("Sign out");

  test("expires after 8 hours", async () => {
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
    const content = JSON.parse(atob(text)) as object;
    const written = (changes: object): string => btoa(JSON.stringify({ ...content, ...changes })).replaceAll("=", "");
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
    browser.cookie = real;
    expect(await isSignedIn(await browser.get("/"))).toBe(true);
  });

  test.each([
    ["before", (real: string) => `oncegate_session=planted; ${real}`],
    ["after", (real: string) => `${real}; oncegate_session=planted`],
    ["on both sides", (real: string) => `oncegate_session=; ${real}; oncegate_session=a.b`],
    ["in lines that the platform joined", (real: string) => `a=b, oncegate_session=x.y, ${real}`],
    ["as often as a browser can", (real: string) => `${PLANTED}; ${real}`],
    ["as one cookie with many commas", (real: string) => `${PLANTED_BY_COMMAS}; ${real}`],
    ["as itself", (real: string) => `${real}; ${real}`],
  ])("is found beside a second cookie that another host has planted %s", async (_, planted) => {
    const browser = await signedIn();
    browser.cookie = planted(browser.cookie ?? "");
    expect(await isSignedIn(await browser.get("/"))).toBe(true);
    expect((await browser.post("/sign-out", {})).status).toBe(303);
  });

  test("is the one whose page sent the form, where two are valid", async () => {
    const { browser, id } = await withUnknown();
    const own = browser.cookie ?? "";
    const csrf = csrfIn(await (await browser.get("/")).text());
    await browser.signIn({ operator: "mallory" });
    browser.cookie = `${browser.cookie}; ${own}`;
    expect(
      (await browser.post(`/records/${id}`, { choice: "release", confirm: "release", why: "x", csrf })).status,
    ).toBe(303);
    expect(await auditOf(browser.operator, id)).toMatchObject([{ operator: "jane", action: "release" }]);
  });

  test("is not valid on another hostname, even if one token opens both", async () => {
    const here = await signedIn({}, OTHER);
    const there = browserOf({}, OTHER, {}, "other.test");
    there.cookie = here.cookie;
    expect(await isSignedIn(await there.get("/"))).toBe(false);
    await there.signIn();
    expect(await isSignedIn(await there.get("/"))).toBe(true);
  });

  test("ends when the token changes", async () => {
    const browser = await signedIn();
    const after = browserOf({}, {}, { OPERATOR_TOKEN: "another" });
    after.cookie = browser.cookie;
    expect(await isSignedIn(await after.get("/"))).toBe(false);
  });

  test("made with a tenant's token opens that tenant only", async () => {
    const entry = { operator_token: "secret:OWN_TOKEN" };
    const browser = browserOf(entry, {}, { OWN_TOKEN: "own" });
    await browser.signIn({ token: "own" });
    expect(await (await browser.get("/")).text()).toContain("jane (tenant token)");
    const without = browserOf({}, {}, { OWN_TOKEN: "own" });
    without.cookie = browser.cookie;
    expect(await isSignedIn(await without.get("/"))).toBe(false);
  });

  test("does not open the API, and a bearer token does not open a page", async () => {
    const browser = await signedIn();
    expect((await browser.get("/v1/counts")).status).toBe(401);
    browser.cookie = null;
    expect(await isSignedIn(await browser.get("/", { authorization: `Bearer ${TOKEN}` }))).toBe(false);
  });

  test.each([
    { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
    { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" },
    { "sec-fetch-dest": "iframe" },
  ])("is not used for a page that is fetched or embedded: %j", async (headers) => {
    const browser = await signedIn();
    expect(await isSignedIn(await browser.get("/", headers))).toBe(false);
  });

  test("can be continued after a link from another site, which sends no cookie", async () => {
    const page = await browserOf().get(`/records/${ABSENT}`, { "sec-fetch-site": "cross-site" });
    expect(await page.text()).toContain(`<a href="/_oncegate/records/${ABSENT}">continue</a>`);
  });
});

describe("O8 a form", () => {
  const RELEASE = { choice: "release", confirm: "release", why: "x" };

  test("is accepted only with its own session's CSRF token, from a page of the console", async () => {
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
      await browser.post(`/records/${id}`, RELEASE, { origin: "null" }),
      await browser.post(`/records/${id}`, RELEASE, { origin: "https://evil.test" }),
      await browser.post("/sign-out", {}, { origin: "null" }),
      await browser.post("/find", { operation: "POST /x", key: "k" }, { origin: "null" }),
      await browser.signIn({}, { origin: "null" }),
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
    ["null", 403],
    ["", 403],
  ])("is accepted or refused by its Origin %s if no Sec-Fetch header is sent", async (origin, status) => {
    const fields = new URLSearchParams({ token: TOKEN });
    const response = await browserOf().operator.client.fetch(`https://${HOST}/_oncegate/sign-in`, {
      method: "POST",
      body: fields,
      headers: { origin },
    });
    expect(response.status).toBe(status);
  });

  test("is refused if it is too large", async () => {
    const { browser, id } = await withUnknown();
    const response = await browser.post(`/records/${id}`, { choice: "final", body: "x".repeat(2_000_001) });
    expect(response.status).toBe(413);
    const signingIn = await browserOf().signIn({ to: "x".repeat(10_001) });
    expect([signingIn.status, signingIn.headers.has("set-cookie")]).toEqual([403, false]);
  });
});
