import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withCleanup } from "../../../scripts/cleanup.ts";
import { startServerProcess } from "../../../scripts/server-process.ts";
import { WRANGLER, wranglerEnvironment } from "../../../scripts/wrangler.ts";

const REPOSITORY = join(import.meta.dirname, "..", "..", "..");
const VALUES = { account: true, samples: "10", locations: "nearest", keep: false, yes: true };
const NAME = "oncegate-measure-abc";

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Step {
  readonly command: string;
  readonly args: string[];
  readonly token: string | null;
}

let folder = "";
let server: Server;
let url = "";
/** What the deployed Worker does: not there yet, broken later, or right. */
let worker: (count: number) => { status: number; body: string };
let asked: { path: string; authorization: string | undefined }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "oncegate-measure-"));
  writeFileSync(join(folder, "log"), "");
  asked = [];
  worker = () => ({ status: 200, body: "" });
  server = createServer(({ url: path = "", headers }, response) => {
    asked.push({ path, authorization: headers.authorization });
    const { status, body } = worker(asked.length);
    response.writeHead(status).end(body !== "" ? body : path === "/ready" ? "ready" : samplesOf(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});

function samplesOf(path: string): string {
  const rounds = Number(new URL(path, url).searchParams.get("rounds"));
  const place = { workerAt: "FRA", objectAt: "AMS" };
  const round = [
    { call: "named", ms: 80, ...place },
    { call: "warm", ms: 3, ...place },
    { call: "unique", ms: 20, ...place },
  ];
  return JSON.stringify(Array.from({ length: rounds }, () => round).flat());
}

function start(values: object, fake = ""): ChildProcess {
  const env = { ...process.env, FAKE: fake, FAKE_LOG: join(folder, "log"), FAKE_URL: url };
  return spawn(process.execPath, [join(import.meta.dirname, "run.ts"), JSON.stringify({ ...VALUES, ...values })], {
    cwd: REPOSITORY,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

async function end(child: ChildProcess): Promise<Ran> {
  const read = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]?.on("data", (chunk: Buffer) => (read[stream] += chunk.toString()));
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, ...read };
}

const run = (values: object, fake?: string): Promise<Ran> => end(start(values, fake));

function steps(): Step[] {
  const lines = readFileSync(join(folder, "log"), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Step);
}

const commands = (): string[] => steps().map(({ command }) => command);

describe("npm run measure -- --account", () => {
  test("deploys, waits, measures, removes, and prints a table without names", async () => {
    worker = (count) => ({ status: count <= 2 ? 404 : 200, body: "" });
    const json = join(folder, "measured.json");
    const { code, stdout, stderr } = await run({ name: NAME, json });
    expect([code, stderr]).toEqual([0, expect.stringContaining(`removed the Worker ${NAME}`)]);
    const [deploy, remove, ...more] = steps();
    expect(more).toEqual([]);
    expect(deploy?.args).toEqual(expect.arrayContaining(["--name", NAME, "--env", ""]));
    expect(remove).toMatchObject({ command: "delete", args: expect.arrayContaining([NAME, "--force"]) });
    // The first is for warming up. 10 samples are 8 and 2.
    const paths = ["/ready", "/ready", "/ready", "/?rounds=8", "/?rounds=8", "/?rounds=2"];
    expect(asked.map(({ path }) => path)).toEqual(paths);
    expect(deploy?.token).toMatch(/^[0-9a-f]{48}$/);
    expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${deploy?.token}`]));
    expect(stdout).toContain("| FRA | AMS | the first of a named object | 10 | 80 | 80 | 80 |");
    const measured = readFileSync(json, "utf8");
    expect((JSON.parse(measured) as { samples: unknown[] }).samples.length).toBe(30);
    for (const secret of [NAME, url, "127.0.0.1", deploy?.token ?? "?"]) {
      expect(stdout + measured).not.toContain(secret);
    }
    expect(deploy?.args.join(" ")).not.toContain(deploy?.token);
  });

  test("creates objects where it is asked to, and keeps the Worker", async () => {
    const { code, stdout } = await run({ name: NAME, locations: "nearest,enam", samples: "1", keep: true });
    expect([code, commands()]).toEqual([0, ["deploy"]]);
    expect(asked.map(({ path }) => path).slice(1)).toEqual([
      "/?rounds=8",
      "/?rounds=1",
      "/?rounds=8&location=enam",
      "/?rounds=1&location=enam",
    ]);
    expect(stdout).toContain("1 samples of each call for nearest, enam");
  });

  test.each([
    [{ account: false }, "use --account"],
    [{ yes: false }, "use --yes"],
    [{ name: "my-shop" }, "--name must begin with oncegate-measure"],
    [{ samples: "0" }, "--samples must be"],
    [{ samples: "1.5" }, "--samples must be"],
    [{ locations: "moon" }, '"moon" is not one of'],
  ])("deploys nothing with %o", async (values, message) => {
    const { code, stdout, stderr } = await run(values);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringContaining(message)]);
    expect(steps()).toEqual([]);
  });

  test("removes what a failed deploy may have left, and finds that there is nothing", async () => {
    const { code, stdout, stderr } = await run({ name: NAME }, "deploy fails");
    expect([code, stdout, commands()]).toEqual([2, "", ["deploy", "delete"]]);
    expect(stderr).toContain("wrangler could not deploy the Worker (exit code 1)");
    expect(stderr).toContain(`there is no Worker ${NAME} to remove`);
  });

  test("removes a Worker that has no URL", async () => {
    const { code, stderr } = await run({}, "no url");
    expect([code, commands()]).toEqual([2, ["deploy", "delete"]]);
    expect(stderr).toContain("does the account have a workers.dev subdomain?");
  });

  test.each([
    ["does not answer", () => ({ status: 404, body: "" }), "the Worker does not answer after 3 s: status 404"],
    ["fails", (count: number) => ({ status: count > 2 ? 500 : 200, body: "" }), "status 500"],
    ["answers something else", (count: number) => ({ status: 200, body: count > 1 ? "[1]" : "" }), "than samples"],
  ])("removes a Worker that %s", async (_, behaviour, message) => {
    worker = behaviour;
    const { code, stdout, stderr } = await run({});
    expect([code, stdout, commands()]).toEqual([2, "", ["deploy", "delete"]]);
    expect(stderr).toContain(message);
  });

  test("goes on after one failed request", async () => {
    worker = (count) => ({ status: count === 3 ? 503 : 200, body: "" });
    const { code, stdout } = await run({});
    expect([code, stdout]).toEqual([0, expect.stringContaining("| 10 | 80 | 80 | 80 |")]);
  });

  test("shows the command for a Worker that it could not remove, and exits with 1", async () => {
    const { code, stdout, stderr } = await run({ name: NAME }, "delete fails");
    expect([code, stdout]).toEqual([1, expect.stringContaining("| FRA |")]);
    expect(stderr).toContain(`Remove it: npx wrangler delete ${NAME} --force`);
  });

  test.each(["deploy hangs", "measuring"])("removes the Worker at Ctrl-C (%s)", async (fake) => {
    worker = () => ({ status: 404, body: "" });
    const child = start({ name: NAME }, fake);
    const ran = end(child);
    await expect.poll(commands, { timeout: 30_000 }).toEqual(["deploy"]);
    if (fake === "measuring") await expect.poll(() => asked.length, { timeout: 30_000 }).toBeGreaterThan(0);
    child.kill("SIGINT");
    const { code, stdout, stderr } = await ran;
    expect([code, stdout, commands()]).toEqual([130, "", ["deploy", "delete"]]);
    expect(stderr).toContain(`removed the Worker ${NAME}`);
  });
});

describe("the probe Worker", () => {
  test("measures three calls in each round, for the holder of its token alone", async () => {
    await withCleanup(async (defer) => {
      const probe = await startServerProcess({
        name: "the probe",
        args: [
          WRANGLER,
          "dev",
          "--config=bench/account/wrangler.toml",
          "--ip=127.0.0.1",
          "--port=0",
          "--inspector-port=0",
          "--show-interactive-dev-session=false",
          `--persist-to=${folder}`,
          "--var=TOKEN:t",
        ],
        cwd: REPOSITORY,
        env: wranglerEnvironment(folder),
        readUrl: (output) => /Ready on (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1] ?? null,
        startTimeoutMs: 120_000,
        defer,
      });
      const get = (path: string, token: string): Promise<Response> =>
        fetch(probe.url + path, { headers: { authorization: `Bearer ${token}` } });
      for (const path of ["/ready", "/?rounds=1"]) expect((await get(path, "other")).status).toBe(404);
      expect(await (await get("/ready", "t")).text()).toBe("ready");
      const measured = (await (await get("/?rounds=99&location=enam", "t")).json()) as { call: string; ms: number }[];
      expect(measured.map(({ call }) => call)).toEqual(
        Array.from({ length: 8 }, () => ["named", "warm", "unique"]).flat(),
      );
      for (const sample of measured) {
        // Here is no network, so no object learns where it is.
        expect(sample).toEqual({
          call: sample.call,
          ms: expect.any(Number),
          workerAt: expect.any(String),
          objectAt: "?",
        });
        expect(sample.ms).toBeGreaterThanOrEqual(0);
      }
    });
  });
});
