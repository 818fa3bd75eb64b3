import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as FormerClient } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as FormerTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";
import { startCuttingProxy } from "../bodies/cutting-proxy.ts";
import { bounded } from "../conformance/bounded.ts";
import { type Gateway, startGateway } from "../fault/node/gateway.ts";
import { HELD, type McpAccount, type McpOrigin, startMcpOrigin } from "./mcp-origin.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/mcp.md"), "utf8");

/** A client gives a call up after this, and its host issues it again. */
const IMPATIENT_MS = 3_000;
const PATIENT_MS = 60_000;

interface Outcome {
  /** The text of the result, or that of the error. */
  readonly text: string;
  readonly isError: boolean;
  /** `error.data` of a refusal. */
  readonly data?: unknown;
}

interface Call {
  readonly key?: string;
  readonly amount: number;
  readonly tool?: string;
  readonly onprogress?: (progress: { readonly message?: string }) => void;
  readonly timeout?: number;
}

interface Connection {
  readonly call: (call: Call) => Promise<Outcome>;
  readonly tools: () => Promise<{ readonly name: string; readonly inputSchema: Record<string, unknown> }[]>;
  readonly close: () => Promise<void>;
}

type Connect = (url: string, token: string) => Promise<Connection>;

/** What the clients of both SDKs have in common. */
interface AnyClient {
  callTool(...args: readonly unknown[]): Promise<unknown>;
  listTools(): Promise<{ tools: { name: string; inputSchema: Record<string, unknown> }[] }>;
  close(): Promise<void>;
}

/** `withSchema` stands between a call and its options. The model gives `create_payment` its key, and the host gives it to the others. */
function connectionOf(client: AnyClient, withSchema: readonly unknown[]): Connection {
  return {
    call: async ({ key, amount, tool = "charge_slowly", onprogress = () => undefined, timeout = PATIENT_MS }) => {
      const isOfModel = tool === "create_payment";
      const args = isOfModel ? { amount, idempotency_key: key } : { amount };
      const meta = key === undefined || isOfModel ? {} : { _meta: { "idempotency-key": key } };
      const call = { name: tool, arguments: args, ...meta };
      try {
        const result = await client.callTool(call, ...withSchema, { onprogress, timeout });
        const { content, isError = false } = result as { content: { text: string }[]; isError?: boolean };
        return { text: content.map(({ text }) => text).join(""), isError };
      } catch (error) {
        const { message, data } = error as { message: string; data?: unknown };
        return { text: message, isError: true, data };
      }
    },
    tools: async () => (await client.listTools()).tools,
    close: () => client.close(),
  };
}

const requestInit = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

function connectBy(mode: "legacy" | "auto"): Connect {
  return async (url, token) => {
    const options = { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } };
    const client = new Client({ name: "host", version: "1" }, options);
    client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { confirm: true } }));
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: requestInit(token) }));
    return connectionOf(client, []);
  };
}

const connectFormer: Connect = async (url, token) => {
  const client = new FormerClient({ name: "host", version: "1" });
  await client.connect(new FormerTransport(new URL(url), { requestInit: requestInit(token) }));
  return connectionOf(client, [undefined]);
};

const CLIENTS: [string, Connect][] = [
  ["2026-07-28", connectBy("auto")],
  ["2025-11-25", connectBy("legacy")],
  ["2025-11-25 (SDK 1.x)", connectFormer],
];

let origin: McpOrigin;
let gateway: Gateway;

const startOwnGateway = (): Promise<Gateway> =>
  startGateway({ "*": { origin: origin.url, caller: ["authorization"], profile: "mcp" } });

beforeAll(async () => {
  origin = await startMcpOrigin();
  gateway = await startOwnGateway();
});

afterAll(async () => {
  await origin.stop();
  await gateway.stop();
});

interface Host {
  readonly account: McpAccount;
  readonly connect: (url?: URL) => Promise<Connection>;
  /** A call over a connection of its own, whose ids begin anew. */
  readonly call: (call: Call, url?: URL) => Promise<Outcome>;
}

/** A host with a token of its own. */
function hostOf(connect: Connect, path = "/mcp"): Host {
  const token = randomUUID();
  const open = (url = gateway.url): Promise<Connection> => connect(new URL(path, url).href, token);
  return {
    account: origin.account(token),
    connect: open,
    call: async (call, url) => {
      const client = await open(url);
      const outcome = await client.call(call);
      await client.close();
      return outcome;
    },
  };
}

describe.each(CLIENTS)("an MCP client of %s", (_, connect) => {
  test("is cut in the middle of a stream, issues the call again, and gets the result of the one charge", async ({
    onTestFinished,
  }) => {
    const { account, call } = hostOf(connect);
    const network = await startCuttingProxy(gateway.url, ...Array.from({ length: 20 }, () => "charging 666"));
    onTestFinished(() => network.stop());
    const key = randomUUID();
    const shown: (string | undefined)[] = [];
    const onprogress = ({ message }: { readonly message?: string }): void => void shown.push(message);
    const lost = await call({ key, amount: HELD, onprogress, timeout: IMPATIENT_MS }, new URL(network.url));
    expect([lost.isError, shown]).toEqual([true, ["charging 666"]]);
    const again = call({ key, amount: HELD, onprogress });
    account.release();
    expect(await again).toEqual({ text: "payment 1 of 666", isError: false });
    expect(shown).toEqual(["charging 666", "charging 666"]);
    expect(account.charged).toEqual([HELD]);
  });

  test("has two equal calls in flight, and both get the result of one charge", async () => {
    const { account, connect: open } = hostOf(connect);
    const client = await open();
    const key = randomUUID();
    const both = [client.call({ key, amount: HELD }), client.call({ key, amount: HELD })];
    const other = await client.call({ key: randomUUID(), amount: 7 });
    expect(other.text).toMatch(/^payment [12] of 7$/);
    account.release();
    const [one, two] = await Promise.all(both);
    expect(one).toEqual({ text: expect.stringMatching(/^payment [12] of 666$/), isError: false });
    expect(two).toEqual(one);
    expect(account.charged.toSorted((a, b) => a - b)).toEqual([7, HELD]);
    await client.close();
  });

  test("begins its ids anew after a reconnect, and each call gets its own result", async () => {
    const { account, connect: open, call } = hostOf(connect);
    const [one, two, three] = [randomUUID(), randomUUID(), randomUUID()];
    expect(await call({ key: one, amount: 1 })).toMatchObject({ text: "payment 1 of 1" });
    expect(await call({ key: two, amount: 2 })).toMatchObject({ text: "payment 2 of 2" });
    const client = await open();
    // In flight with the id that both of them had.
    const held = client.call({ key: three, amount: HELD });
    expect(await client.call({ key: two, amount: 2 })).toEqual({ text: "payment 2 of 2", isError: false });
    expect(await client.call({ key: one, amount: 1 })).toEqual({ text: "payment 1 of 1", isError: false });
    account.release();
    expect(await held).toEqual({ text: "payment 3 of 666", isError: false });
    expect(account.charged).toEqual([1, 2, HELD]);
    await client.close();
  });

  test("gets an error that a model can read where its key comes with other arguments", async () => {
    const { account, call } = hostOf(connect);
    const key = randomUUID();
    await call({ key, amount: 1 });
    const refused = await call({ key, amount: 2 });
    expect(refused.text).toMatch(/sent before with a different request\. Nothing was done\. Use a new key/);
    expect(refused.data).toMatchObject({ code: "key_reused", key_reuse: "new", retryable: false });
    expect(await call({ key: randomUUID(), amount: 2 })).toMatchObject({ isError: false });
    expect(account.charged).toEqual([1, 2]);
  });

  test("gets the error of a tool again, and nothing is charged again", async () => {
    const { account, call } = hostOf(connect);
    const failing = { key: randomUUID(), amount: 3, tool: "charge_and_fail" };
    expect(await call(failing)).toEqual({ text: "payment 1 of 3 was declined", isError: true });
    expect(await call(failing)).toEqual({ text: "payment 1 of 3 was declined", isError: true });
    expect(account.charged).toEqual([3]);
  });

  test("is refused where the gateway died with its call, and nothing is charged again", async ({ onTestFinished }) => {
    const { account, call } = hostOf(connect);
    const dying = await startOwnGateway();
    onTestFinished(() => dying.stop());
    const key = randomUUID();
    const begun = Promise.withResolvers<void>();
    const onprogress = (): void => begun.resolve();
    const lost = call({ key, amount: HELD, onprogress, timeout: IMPATIENT_MS }, dying.url);
    await bounded(begun.promise, PATIENT_MS, "the progress of the call");
    await dying.restart();
    expect(await lost).toMatchObject({ isError: true });
    const refused = await call({ key, amount: HELD }, dying.url);
    expect(refused.text).toMatch(/it is not known whether/);
    expect(refused.data).toMatchObject({ code: "outcome_unknown", retryable: false });
    expect(account.charged).toEqual([HELD]);
  });
});

describe("an MCP client of 2026-07-28, of which the server asks for input", () => {
  test("gives it with the same key, and the call runs", async () => {
    const { account, call } = hostOf(connectBy("auto"));
    const asking = { key: randomUUID(), amount: 5, tool: "charge_if_confirmed" };
    expect(await call(asking)).toEqual({ text: "payment 1 of 5", isError: false });
    expect(account.charged).toEqual([5]);
  });
});

describe.each(CLIENTS.slice(1))("an MCP client of %s with sessions", (_, connect) => {
  test("gets the result of another session, in its own", async () => {
    const { account, connect: open, call } = hostOf(connect, "/sessions");
    const key = randomUUID();
    expect(await call({ key, amount: 4 })).toMatchObject({ text: "payment 1 of 4" });
    const client = await open();
    expect(await client.call({ key, amount: 4 })).toMatchObject({ text: "payment 1 of 4" });
    expect(await client.call({ key: randomUUID(), amount: 6 })).toMatchObject({ text: "payment 2 of 6" });
    expect(account.sessions.size).toBe(2);
    expect(account.charged).toEqual([4, 6]);
    await client.close();
  });

  test("runs in a new session with the same key where the server had lost the former", async () => {
    const { account, connect: open, call } = hostOf(connect, "/sessions");
    const key = randomUUID();
    const client = await open();
    account.forget();
    expect(await client.call({ key, amount: 4 })).toMatchObject({ isError: true });
    await client.close();
    expect(await call({ key, amount: 4 })).toMatchObject({ text: "payment 1 of 4" });
    expect(await call({ key, amount: 4 })).toMatchObject({ text: "payment 1 of 4" });
    expect(account.charged).toEqual([4]);
  });
});

/** The code blocks of the page in `language`. */
function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, "g"))].map(([, text = ""]) => text);
}

/** The first entry of the page. */
async function entryOfPage(): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), "oncegate-mcp-"));
  const path = join(folder, "wrangler.toml");
  await writeFile(path, `name = "docs"\ncompatibility_date = "2026-10-30"\n${blocks("toml")[0]}`);
  const { TENANTS } = readConfig({ config: path }).vars as { TENANTS: Record<string, object> };
  await rm(folder, { recursive: true });
  return TENANTS["mcp.example.com"] ?? {};
}

describe("docs/mcp.md", () => {
  test("shows mcp-tools.ts exactly", () => {
    expect(blocks("ts")).toEqual([readFileSync(join(import.meta.dirname, "mcp-tools.ts"), "utf8")]);
  });

  test("has a configuration and a tool that charge once, and require the key", async ({ onTestFinished }) => {
    const own = await startGateway({ "*": { ...(await entryOfPage()), origin: origin.url } });
    onTestFinished(() => own.stop());
    const { account, connect } = hostOf(connectBy("auto"));
    const client = await connect(own.url);
    const tool = (await client.tools()).find(({ name }) => name === "create_payment");
    expect(tool?.inputSchema["properties"]).toMatchObject(JSON.parse(`{${blocks("json")[0]}}`) as object);
    const call = { key: randomUUID(), amount: 12, tool: "create_payment" };
    expect(await client.call(call)).toEqual({ text: "payment 1 of 12", isError: false });
    expect(await client.call(call)).toEqual({ text: "payment 1 of 12", isError: false });
    expect(await client.call({ ...call, amount: 13 })).toMatchObject({ data: { code: "key_reused" } });
    const { key: _, ...keyless } = call;
    expect(await client.call(keyless)).toMatchObject({ data: { code: "key_missing" } });
    expect(account.charged).toEqual([12]);
    const published = await fetch(new URL("/.well-known/idempotency", own.url));
    expect(await published.json()).toMatchObject({
      default: { profile: "mcp", rpc: "json-rpc", rpc_methods: ["tools/call"], answers_kept_seconds: 86_400 },
      operations: [{ match: "POST /mcp tools/call:create_payment", key: "required" }],
    });
    await client.close();
  });
});
