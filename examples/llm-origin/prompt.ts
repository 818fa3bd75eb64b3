// Reads the parts of a request that this example uses.

import { type IncomingMessage } from "node:http";

export type Prompt = {
  readonly model: string;
  readonly stream: boolean;
};

/** Far more than a conversation needs. Larger requests are refused. */
const PROMPT_BYTES_MAX = 1_000_000;

/** Null if it is not a request for a chat completion. Rejects if the upload breaks off. */
export async function readPrompt(request: IncomingMessage): Promise<Prompt | null> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > PROMPT_BYTES_MAX) return null;
  }
  const body = parse(text);
  if (typeof body !== "object" || body === null) return null;
  const { model, messages, stream } = body as Readonly<Record<string, unknown>>;
  if (!Array.isArray(messages) || messages.length === 0) return null;
  return { model: typeof model === "string" ? model : "example", stream: stream === true };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
