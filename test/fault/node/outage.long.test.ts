import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secretsNamedBy } from "../../support/secrets.ts";
import { type Gateway, startGateway } from "./gateway.ts";

const TOKEN = "token-of-the-operators";

/** curl resolves it to this machine. */
const HOST = "api.localhost";

/** Of 1,200 payments, the ledger has two thirds. The quotes are of another operation, none of which ran. */
const PAYMENTS = 1100;
const RAN = 800;
const QUOTES = 100;
const PARALLEL = 20;

let gateway: Gateway;
let executions = 0;
let isDown = true;

const origin = createServer((asked, answer) => {
  executions++;
  asked.resume();
  answer.writeHead(isDown ? 502 : 200).end(isDown ? "down" : "executed now");
});

beforeAll(async () => {
  await new Promise<void>((resolve) => void origin.listen(0, "127.0.0.1", resolve));
  const { port } = origin.address() as AddressInfo;
  const tenant = { origin: `http://127.0.0.1:${port}`, caller: ["authorization"] };
  gateway = await startGateway({ [HOST]: tenant }, undefined, {
    OPERATOR_TOKEN: TOKEN,
    SECRETS: JSON.stringify(secretsNamedBy({})),
  });
});

afterAll(async () => {
  await gateway?.stop();
  origin.close();
});

interface Sent {
  readonly path: string;
  readonly key: string;
}

function send({ path, key }: Sent): Promise<string> {
  const headers = { host: HOST, authorization: "Bearer alice", "idempotency-key": key };
  return new Promise((resolve, reject) => {
    const sending = request(new URL(path, gateway.url).href, { method: "POST", headers }, (answer) => {
      let body = "";
      answer.on("data", (piece: Buffer) => (body += piece.toString()));
      answer.once("end", () => resolve(`${String(answer.headers["idempotency-status"]).split(";")[0]} ${body}`));
    });
    sending.once("error", reject).end("{}");
  });
}

async function sendAll(requests: readonly Sent[]): Promise<string[]> {
  const answers: string[] = [];
  const left = requests.entries();
  const work = async (): Promise<void> => {
    for (const [index, one] of left) answers[index] = await send(one);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return answers;
}

/** The journal is written after the answers. */
async function untilListed(count: number): Promise<void> {
  const headers = { host: HOST, authorization: `Bearer ${TOKEN}` };
  const url = new URL("/_oncegate/v1/journal?state=unknown&limit=1", gateway.url).href;
  for (let seen = 0, tries = 0; seen !== count; tries++) {
    if (tries > 600) throw new Error(`the journal lists ${seen} of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen = await new Promise<number>((resolve, reject) => {
      const sending = request(url, { headers }, async (answer) => {
        const page = JSON.parse(Buffer.concat(await answer.toArray()).toString()) as { entries: []; left: number };
        resolve(page.entries.length + page.left);
      });
      sending.once("error", reject).end();
    });
  }
}

const named = (path: string, count: number): Sent[] =>
  Array.from({ length: count }, (_, n) => ({ path, key: `order-${n}` }));

/** Every command of the page's drill, in its order. */
async function drill(): Promise<string> {
  const page = await readFile(join(import.meta.dirname, "../../../docs/settling.md"), "utf8");
  const [section = ""] = /## After an outage[\s\S]*?(?=\n## )/.exec(page) ?? [];
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = ""]) => block);
  expect(blocks).toHaveLength(6);
  return blocks.join("\n");
}

test(
  "the drill of docs/settling.md settles an outage of 1,200, each as the ledger has it",
  { timeout: 180_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "oncegate-outage-"));
    const payments = named("/v1/charges", PAYMENTS);
    const quotes = named("/v1/quotes", QUOTES);
    const from = new Date(Date.now() - 60_000).toISOString();
    const during = await sendAll([...payments, ...quotes]);
    expect(new Set(during.map((answer) => answer.split(" ")[0]))).toEqual(new Set(["unknown"]));
    await untilListed(PAYMENTS + QUOTES);
    const ledger = payments
      .slice(0, RAN)
      .map(({ path, key }) => ({ operation: `POST ${path}`, key, body: `paid ${key}` }));
    await writeFile(join(folder, "ledger.ndjson"), ledger.map((row) => `${JSON.stringify(row)}\n`).join(""));

    const env = { ...process.env, HOST: `http://${HOST}:${gateway.url.port}`, TOKEN, FROM: from };
    const { stdout } = await promisify(execFile)("bash", ["-c", await drill()], { cwd: folder, env });
    const lines = stdout.trim().split("\n");
    expect(lines[0]?.trim()).toBe("1200");
    const batches = lines.filter((line) => line.startsWith('{"ready"')).map((line) => JSON.parse(line) as Numbers);
    const sum = (field: keyof Numbers): number => batches.reduce((total, batch) => total + batch[field], 0);
    expect([sum("ready"), sum("settled"), sum("refused"), sum("failed")]).toEqual([RAN + QUOTES, 1200, 0, 0]);
    expect(JSON.parse(stdout.slice(stdout.lastIndexOf("{")))).toEqual({ entries: 0, left: 0, truncated: false });

    isDown = false;
    executions = 0;
    const after = await sendAll([...payments, ...quotes]);
    const ran = payments.slice(0, RAN).map(({ key }) => `replayed paid ${key}`);
    expect(after.slice(0, RAN)).toEqual(ran);
    expect(new Set(after.slice(RAN))).toEqual(new Set(["executed executed now"]));
    expect(executions).toBe(PAYMENTS - RAN + QUOTES);
    await rm(folder, { recursive: true });
  },
);

interface Numbers {
  readonly ready: number;
  readonly settled: number;
  readonly refused: number;
  readonly failed: number;
}
