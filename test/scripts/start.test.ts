import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const REPOSITORY = join(import.meta.dirname, "..", "..");

/** The user's own API: it knows nothing of keys, and counts what it does. */
let orders = 0;
const api = createServer((_, response) => {
  orders += 1;
  response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify({ order: orders }));
});
let origin = "";

beforeAll(async () => {
  await once(api.listen(0), "listening");
  const address = api.address();
  origin = `http://localhost:${typeof address === "object" && address !== null ? address.port : 0}`;
});
afterAll(() => void api.close());

/** The output until it has `text`; all of it where the process ends first. It is read to its end: a closed pipe would end the process. */
function outputUntil(child: ReturnType<typeof spawn>, text: string): Promise<string> {
  let output = "";
  return new Promise((resolve) => {
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes(text)) resolve(output);
    };
    child.stdout?.on("data", collect);
    child.stderr?.on("data", collect);
    child.once("exit", () => resolve(output));
  });
}

describe("npm start -- --origin URL", () => {
  test("puts the gateway in front of an API, whose POST then runs once", async () => {
    const command = ["scripts/start.ts", "--origin", origin, "--port", "0"];
    const child = spawn(process.execPath, command, { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
    const ended = once(child, "exit");
    try {
      const output = await outputUntil(child, "Ctrl-C stops it.");
      const [, gateway = ""] = /^gateway +(\S+)$/m.exec(output) ?? [];
      expect(output).toMatch(/^gateway +http:\/\/127\.0\.0\.1:\d+$/m);
      const headers = { authorization: "Bearer demo", "idempotency-key": crypto.randomUUID() };
      const send = () => fetch(`${gateway}/orders`, { method: "POST", headers });
      const answers = [await send(), await send()];
      const seen = answers.map(({ status, headers: fields }) => [status, fields.get("idempotent-replayed")]);
      expect(seen).toEqual([
        [201, null],
        [201, "true"],
      ]);
      expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([{ order: 1 }, { order: 1 }]);
      expect(orders).toBe(1);
    } finally {
      child.kill("SIGTERM");
    }
    expect(await ended).toEqual([143, null]);
  });

  test.each([
    ["localhost:3000", '--origin must be an http(s) URL or "service:BINDING"\n'],
    ["", "--origin must be a URL, such as http://localhost:3000\n"],
  ])("exits with 2 and a message for %j", (url, message) => {
    const command = ["scripts/start.ts", "--origin", url, "--port", "0"];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: REPOSITORY, encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: "", stderr: message });
  });
});
