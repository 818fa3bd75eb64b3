import { describe, expect, test } from "vitest";
import { browserOf, signedIn, withUnknown } from "../../support/console.ts";
import { uniqueKey } from "../../support/gateway.ts";
import { eventually } from "../../support/operator.ts";

const PATH = "/v1/charges";
const ABSENT = "0".repeat(64);
const OTHER = { "other.test": { origin: "http://origin.test", caller: ["authorization"] } };

describe("O8 the pages", () => {
  test("send headers that forbid scripts, frames and caching", async () => {
    const browser = await signedIn();
    const pages = [await browser.get("/"), await browser.get(`/records/${ABSENT}`), await browserOf().get("/")];
    for (const { headers } of pages) {
      expect(headers.get("content-security-policy")).toMatch(
        /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
      );
      expect(headers.get("cache-control")).toBe("no-store");
      expect(headers.get("referrer-policy")).toBe("same-origin");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("cross-origin-opener-policy")).toBe("same-origin");
      expect(headers.get("cross-origin-embedder-policy")).toBe("require-corp");
      expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    }
  });

  test("are not readable by the sites that `cors` allows", async () => {
    const cors = { origins: ["https://app.test"], credentials: true };
    const browser = await signedIn({ cors });
    const response = await browser.get("/", { origin: "https://app.test" });
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  const MARKUP = [`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg onload=alert(1)>`];

  test.each(MARKUP)("escape %s", async (markup) => {
    const path = `/v1/${encodeURIComponent(markup)}/'"`;
    const key = `${uniqueKey().slice(0, 8)}'<img/onerror=x>`;
    const { browser, id } = await withUnknown(new URL(path, "http://x").pathname, key);
    const seen = [
      await browser.post(`/records/${id}`, { choice: "final", status: "99", type: markup, body: markup, why: markup }),
      await browser.post(`/records/${id}`, { choice: markup, why: markup }),
      await browser.post("/find", { operation: `POST /${markup}`, headers: `${markup}: x`, key: markup }),
      await browser.get(`/records?id=${encodeURIComponent(markup)}`),
      await browser.get(`/records/${encodeURIComponent(markup)}`),
      ...(await Promise.all(
        [
          "/unknown?after",
          "/unknown?operation",
          "/records?key",
          "/records?state",
          "/audit?record",
          "/settle-many?operation",
        ].map((query) => browser.get(`${query}=${encodeURIComponent(markup)}`)),
      )),
      await browser.get(`/${encodeURIComponent(markup)}`, { accept: "text/html" }),
      await browser.post("/settle-many", {
        operation: markup,
        choice: "final",
        status: "x",
        body: markup,
        why: markup,
      }),
      await browserOf().signIn({ operator: `ä${markup}`, to: markup }),
    ];
    await browser.post(`/records/${id}`, { choice: "final", status: "200", type: "text/x", body: markup, why: markup });
    const overview = await eventually(
      async () => (await browser.get("/records")).text(),
      (page) => page.includes(id),
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

  test("find a record by its request, and by its id", async () => {
    const { browser, key, id } = await withUnknown();
    const asked = { operation: `POST ${PATH}`, headers: "Authorization: Bearer alice\r\n\r\nX-Other: a: b", key };
    const place = `/_oncegate/records/${id}`;
    expect((await browser.post("/find", asked)).headers.get("location")).toBe(place);
    expect((await browser.get(`/records?id=${id.toUpperCase()}`)).headers.get("location")).toBe(place);
    const page = await (await browser.get(`/records/${id}`)).text();
    for (const text of [key, "POST /v1/charges", ">unknown<", "It may have run"]) expect(page).toContain(text);
    for (const fields of [
      { ...asked, headers: "" },
      { ...asked, headers: "nonsense" },
      { ...asked, key: " " },
    ]) {
      const response = await browser.post("/find", fields);
      expect([response.status, (await response.text()).includes('role="alert"')]).toEqual([400, true]);
    }
  });

  test("do not show records of another hostname", async () => {
    const { id } = await withUnknown();
    const there = browserOf({}, OTHER, {}, "other.test");
    await there.signIn();
    const page = await there.get(`/records/${id}`);
    expect(page.status).toBe(404);
    expect(await page.text()).toContain("No record has this id");
    const act = await there.post(`/records/${id}`, { choice: "release", confirm: "release", why: "x" });
    expect(act.status).toBe(404);
    expect(await (await there.get("/")).text()).not.toContain(id);
  });
});
