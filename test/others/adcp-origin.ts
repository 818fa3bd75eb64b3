// A seller of advertising that speaks AdCP over MCP, as small as the storyboards need, and a client of it.

import assert from "node:assert/strict";
import { pause } from "../conformance/bounded.ts";
import { type Answer } from "../conformance/client.ts";
import { show } from "../conformance/expect.ts";
import { type OriginAnswer } from "../conformance/origin.ts";
import { at, json, type Members, members } from "./seen.ts";
import { type Stage } from "./stage.ts";

/** Two calls at once must meet. */
const SLOW_MS = 300;

const RETRY_AFTER_S = 1;

export type Seller = {
  readonly path: string;
  readonly bought: () => number;
};

type Budget = { left: number };

/** `budget` is the number of media buys until one is refused for its rate; the limit is over then. */
export function openSeller({ fresh, origin }: Stage, { budget = Infinity, slow = false } = {}): Seller {
  const path = `${fresh()}/mcp`;
  const buys = new Map<string, Members>();
  const limit: Budget = { left: budget };
  const answer: OriginAnswer = async ({ received, response }) => {
    const message = members(JSON.parse((await received.whole).toString()));
    const args = members(at(message, "params", "arguments"));
    if (slow) await pause(SLOW_MS);
    const content = perform(String(at(message, "params", "name")), args, { buys, limit });
    const structured = { ...content, ...("context" in args && { context: args["context"] }) };
    const text = JSON.stringify(structured);
    const isError = "adcp_error" in content;
    const result = { content: [{ type: "text", text }], structuredContent: structured, ...(isError && { isError }) };
    response.writeHead(200, { "Content-Type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: message["id"], result }));
  };
  origin.on(path, answer);
  return { path, bought: () => buys.size };
}

type State = { readonly buys: Map<string, Members>; readonly limit: Budget };

const failed = (code: string, more: Members = {}): Members => ({
  adcp_error: { code, message: code, recovery: "correctable", ...more },
});

const CAPABILITIES: Members = {
  supported_protocols: ["media_buy"],
  adcp: { idempotency: { supported: true, replay_ttl_seconds: 86_400 } },
};

function perform(tool: string, args: Members, { buys, limit }: State): Members {
  switch (tool) {
    case "get_adcp_capabilities":
      return CAPABILITIES;
    case "create_media_buy": {
      if (args["idempotency_key"] === undefined) return failed("INVALID_REQUEST", { field: "idempotency_key" });
      limit.left -= 1;
      if (limit.left < 0) {
        limit.left = Infinity;
        return failed("RATE_LIMITED", { recovery: "transient", retry_after: RETRY_AFTER_S });
      }
      const id = `mb_${buys.size + 1}`;
      buys.set(id, args);
      return { media_buy_id: id, status: "active", packages: args["packages"] };
    }
    case "get_media_buys": {
      const ids = args["media_buy_ids"];
      const found = (Array.isArray(ids) ? ids : []).filter((id) => buys.has(String(id)));
      return { media_buys: found.map((id) => ({ media_buy_id: id })) };
    }
    case "get_products":
      return { products: [] };
    case "list_accounts":
      return { accounts: [] };
    case "list_creative_formats":
      return { formats: [] };
    case "list_creatives":
      return { creatives: [] };
    default:
      return failed("UNSUPPORTED_TOOL");
  }
}

export type Outcome = {
  readonly answer: Answer;
  /** What the tool returned, of a result or of a refusal by the gateway. */
  readonly content: Members;
  /** Of an error: where AdCP looks for it over MCP, in a result and in an error of JSON-RPC. */
  readonly errorCode: unknown;
};

let lastId = 0;

/** Each message has another id, as SDKs number them. */
export async function call({ send }: Stage, { path }: Seller, tool: string, args: Members): Promise<Outcome> {
  lastId += 1;
  const id = lastId;
  const message = { jsonrpc: "2.0", id, method: "tools/call", params: { name: tool, arguments: args } };
  const headers = [["Accept", "application/json, text/event-stream"]] as const;
  const answer = await send(path, { json: JSON.stringify(message), headers });
  const reply = json(answer);
  assert.equal(reply["id"], id, `expected the id ${id}, got ${show(answer)}`);
  const content = members(at(reply, "result", "structuredContent"));
  const errorCode = at(content, "adcp_error", "code") ?? at(reply, "error", "data", "adcp_error", "code");
  return { answer, content, errorCode };
}
