import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { startServerProcess } from "../../../scripts/server-process.ts";
import { closing } from "./stub-gateway.ts";

/** A child that runs `source`, and is ready when it prints a URL. */
function start(source: string, startTimeoutMs = 60_000) {
  return startServerProcess({
    name: "the server",
    args: ["--eval", source],
    cwd: import.meta.dirname,
    env: { GREETING: "hello" },
    readUrl: (output) => /ready on (\S+)/.exec(output)?.[1] ?? null,
    startTimeoutMs,
  });
}

/** A grandchild listens and prints its URL, to show that it does not outlive the child. */
const GRANDPARENT = `
  const source = \`
    require("node:net").createServer().listen(0, "127.0.0.1", function () {
      console.log("ready on http://127.0.0.1:" + this.address().port);
    });\`;
  require("node:child_process").spawn(process.execPath, ["--eval", source], { stdio: "inherit" });
`;

function connects(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

// A process can take seconds to start on a busy machine.
describe("a server process", { timeout: 120_000 }, () => {
  test("is ready when it prints its URL", async () => {
    const server = await start(`console.log(process.env.GREETING); ${GRANDPARENT}`);
    closing({ close: () => server.stop() });

    expect(await connects(server.url)).toBe(true);
    expect(server.output()).toContain("hello\n");
  });

  test.each(["gracefully", "at once"] as const)("stops %s with every process that it started", async (how) => {
    const server = await start(GRANDPARENT);

    await server.stop(how);
    await server.stop(how);

    expect(await connects(server.url)).toBe(false);
  });

  test("reports when it ends by itself", async () => {
    const server = await start(`console.log("ready on http://x"); setTimeout(() => {}, 100)`);

    await expect(server.ended).resolves.toBeUndefined();
  });

  test("fails with its output if it exits too early", async () => {
    const starting = start(`console.error("the port is taken"); process.exit(1)`);

    await expect(starting).rejects.toThrow("the server exited while it started. Its output:\nthe port is taken");
  });

  test("fails with its output if it is not ready in time", async () => {
    const message = await start(`console.log("pid " + process.pid); setInterval(() => {}, 1000)`, 5_000).then(
      () => "it is ready",
      (error: unknown) => String(error),
    );

    expect(message).toMatch(/the server was not ready after 5000 ms. Its output:\npid \d+/);
    const pid = Number(/pid (\d+)/.exec(message)?.[1]);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});
