import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { nameOf } from "./check.ts";
import { startOrigin } from "./origin.ts";
import { startPassThroughProxy } from "./pass-through-proxy.ts";
import { profiles } from "./profiles.ts";
import { example, freshFolder, runProgram, startExample, unusedPort } from "./program-rig.ts";
import { againstUrl } from "./program/against-url.ts";
import { runCommand } from "./program/command.ts";

/** All of the program but its process, of which each start takes a second. */
async function resultsOf(url: string, originPort: number, ...options: string[]) {
  const json = join(freshFolder(), "results.json");
  const args = [url, "--origin-port", `${originPort}`, "--json", json, ...options];
  const printing = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const status = await runCommand(args, "ietf", againstUrl).finally(() => printing.mockRestore());
  return { status, report: JSON.parse(readFileSync(json, "utf8")) as Report };
}

type Report = {
  readonly profile: string;
  readonly totals: Readonly<Record<string, number>>;
  readonly failed_clauses: readonly string[];
  readonly checks: readonly Readonly<Record<string, unknown>>[];
};

async function against(fault: readonly [string, string]) {
  const port = await unusedPort();
  return resultsOf(await startExample(example(fault), port), port);
}

test("passes the implementation that docs/conformance.md shows", async () => {
  expect(example().trimEnd().split("\n").length).toBeLessThanOrEqual(30);
  const port = await unusedPort();
  const url = await startExample(example(), port);
  const { status, stdout } = await runProgram([url, "--origin-port", `${port}`, "--json", "-"]);
  const report = JSON.parse(stdout) as Report;
  expect([status, report.totals]).toEqual([0, { passed: 13, failed: 0, excepted: 0, not_applicable: 0, all: 13 }]);
  expect(report.checks.map(({ clause, title }) => `${String(clause)} ${String(title)}`)).toEqual(
    profiles.ietf.checks.map(nameOf),
  );
});

const FAULTS: readonly (readonly [what: string, fault: readonly [string, string], clauses: readonly string[]])[] = [
  [
    "has no records",
    ["records.get(name) ??", "null ??"],
    [
      "IETF: Enforcement, duplicate request",
      "IETF: Enforcement, concurrent request",
      "IETF: Error Scenarios",
      "IETF: Syntax",
    ],
  ],
  [
    "runs a request again while the first one runs",
    ["records.set(name, record);", "record.result.then(() => records.set(name, record));"],
    ["IETF: Enforcement, concurrent request", "IETF: Error Scenarios"],
  ],
  ["answers another caller", ["headers.authorization, ", ""], ["IETF: Security Considerations"]],
  ["answers another path", ["[method, url, ", "[method, "], ["IETF: Uniqueness"]],
  ["answers another payload by the first response", ["!record.body.equals(body)", "false"], ["IETF: Error Scenarios"]],
  [
    "writes the response again",
    [".end(result.body)", ".end(JSON.stringify(JSON.parse(result.body)))"],
    [
      "IETF: Uniqueness",
      "IETF: Enforcement, first time request",
      "IETF: Enforcement, duplicate request",
      "IETF: Enforcement, concurrent request",
      "IETF: Error Scenarios",
      "IETF: Security Considerations",
      "IETF: Syntax",
    ],
  ],
  [
    "forgets what failed",
    [
      "const result = await record.result;",
      "const result = await record.result;\n  if (result.status > 201) records.delete(name);",
    ],
    ["IETF: Enforcement, duplicate request"],
  ],
  ["requires no key", ["if (key === undefined)", "if (false)"], ["IETF: Error Scenarios"]],
  ["is a conflict by another status", ["writeHead(422)", "writeHead(400)"], ["IETF: Error Scenarios"]],
];

test.each(FAULTS)("fails one that %s, and names the clauses", async (_, fault, clauses) => {
  const { status, report } = await against(fault);
  expect([status, [...report.failed_clauses].toSorted()]).toEqual([1, [...clauses].toSorted()]);
});

describe("against a plain proxy", () => {
  async function proxied(...options: string[]) {
    const port = await unusedPort();
    const proxy = await startPassThroughProxy(port);
    onTestFinished(() => proxy.stop());
    return {
      url: proxy.url.origin,
      port,
      run: () => runProgram([proxy.url.origin, "--origin-port", `${port}`, ...options]),
    };
  }

  test("fails with the clauses, what was seen, and why it matters", async () => {
    const { run } = await proxied("--profile", "core", "--only", "2 P");
    const { status, stdout } = await run();
    expect(status).toBe(1);
    expect(stdout).toMatch(/^2 P1 +FAIL +runs 100 simultaneous requests with one key once$/mu);
    expect(stdout).toContain("expected 1 requests at the origin, it saw 100");
    expect(stdout).toContain("Why it matters: A second run charges twice.");
    expect(stdout).toMatch(/^failed clauses: 2 P1; 2 P2; 2 P3; 2 P5$/mu);
  });

  test("counts declared failures by themselves, and passes if there are no others", async () => {
    const folder = freshFolder();
    const except = join(folder, "exceptions.json");
    writeFileSync(except, JSON.stringify({ "3.9.1": "is not in front of itself" }));
    const badge = join(folder, "badge.svg");
    const options = ["--profile", "core", "--only", "3.9.1", "--only", "8.3.1", "--except", except, "--badge", badge];
    const { status, stdout } = await (await proxied(...options)).run();
    expect([status, stdout.match(/^.*declared as.*$/mu)?.[0]]).toEqual([
      0,
      expect.stringMatching(
        /profile core: 5 passed, 0 failed, \d+ declared as exceptions, 0 not applicable, \d+ in all$/u,
      ),
    ]);
    expect(stdout).toMatch(/^3\.9\.1 +exc +.*\n +is not in front of itself$/mu);
    expect(readFileSync(badge, "utf8")).toMatch(/>5 of \d+, \d+ excepted</u);
  });

  test("writes JUnit and a badge that are well-formed and complete", async () => {
    const folder = freshFolder();
    const [junit, badge] = [join(folder, "results.xml"), join(folder, "badge.svg")];
    const { status, stdout } = await (await proxied("--junit", junit, "--badge", badge)).run();
    expect(status).toBe(1);
    const xml = readFileSync(junit, "utf8");
    expectWellFormed(xml);
    const [cases, failures] = [xml.match(/<testcase /gu) ?? [], xml.match(/<failure message="[^"]+">/gu) ?? []];
    expect(cases).toHaveLength(13);
    expect(xml).toContain(`<testsuite name="ietf" tests="13" failures="${failures.length}" errors="0" skipped="0"`);
    expect(stdout).toContain(`${13 - failures.length} passed, ${failures.length} failed`);
    const svg = readFileSync(badge, "utf8");
    expectWellFormed(svg);
    expect(svg).toContain(`<title>idempotency: ietf: ${13 - failures.length} of 13</title>`);
    // Red, and nothing is loaded.
    expect(svg).toContain("#b3261e");
    expect(svg.match(/https?:[^"]*/gu)).toEqual(["http://www.w3.org/2000/svg"]);
  });
});

/** Every tag that opens is closed in its order, attributes are quoted, and no bare `<`, `&` or control character is left. */
function expectWellFormed(text: string): void {
  const open: string[] = [];
  const rest = text
    .replace(/^<\?xml [^>]*\?>\n/u, "")
    .replaceAll(
      /<(\/?)([\w-]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/gu,
      (_, close: string, name: string, __: string, empty: string) => {
        if (close === "/") expect(open.pop()).toBe(name);
        else if (empty === "") open.push(name);
        return "";
      },
    );
  expect(open).toEqual([]);
  // oxlint-disable-next-line no-control-regex -- XML forbids them.
  expect(text).not.toMatch(/&(?!amp;|lt;|gt;|quot;)|[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/u);
  expect(rest).not.toMatch(/[<>]/u);
}

describe("stops with 2 before the checks", () => {
  test("where nothing is at the URL", async () => {
    const [port, url] = [await unusedPort(), `http://127.0.0.1:${await unusedPort()}`];
    const { status, stderr } = await runProgram([url, "--origin-port", `${port}`]);
    expect([status, stderr]).toEqual([2, expect.stringContaining("ECONNREFUSED")]);
  });

  test("where the implementation forwards elsewhere", async () => {
    const elsewhere = await startOrigin(0);
    onTestFinished(() => elsewhere.stop());
    const proxy = await startPassThroughProxy(elsewhere.port);
    onTestFinished(() => proxy.stop());
    const { status, stderr } = await runProgram([proxy.url.origin, "--origin-port", `${await unusedPort()}`]);
    expect([status, stderr]).toEqual([2, expect.stringContaining("did not forward POST /plain/")]);
    expect(stderr).toContain("it answered 418");
  });

  test("where the port of its API is taken", async () => {
    const taken = await startOrigin(0);
    onTestFinished(() => taken.stop());
    const { status, stderr } = await runProgram(["http://127.0.0.1:1", "--origin-port", `${taken.port}`]);
    expect([status, stderr]).toEqual([2, expect.stringContaining("EADDRINUSE")]);
  });

  test("where no check applies", async () => {
    const port = await unusedPort();
    const proxy = await startPassThroughProxy(port);
    onTestFinished(() => proxy.stop());
    const options = ["--profile", "oncegate", "--only", "5.7", "--skip-needs", "all"];
    const { status, stderr } = await runProgram([proxy.url.origin, "--origin-port", `${port}`, ...options]);
    expect([status, stderr]).toEqual([2, "no check passed, because none applies\n"]);
  });
});

test("sends what the implementation needs: other names for key and caller, and more fields", async () => {
  const port = await unusedPort();
  const code = example([
    'headers["idempotency-key"]',
    'headers["x-tenant"] === "t1" ? headers["x-request-key"] : undefined',
  ]).replace("headers.authorization", 'headers["x-user"]');
  const url = await startExample(code, port);
  const named = ["--key-header", "X-Request-Key", "--caller-header", "X-User", "--header", "X-Tenant: t1"];
  const { status, report } = await resultsOf(url, port, ...named, "--caller", "ann", "--other-caller", "bob");
  expect([status, report.failed_clauses]).toEqual([0, []]);
  // With one caller for both, the first response is shown to "another" one.
  const same = await resultsOf(url, port, ...named, "--caller", "ann", "--other-caller", "ann");
  expect([same.status, same.report.failed_clauses]).toEqual([1, ["IETF: Security Considerations"]]);
});
