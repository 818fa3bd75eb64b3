// What a request asks for, as far as this example cares.

import { type IncomingMessage } from "node:http";

export type Prompt = {
  readonly model: string;
  readonly stream: boolean;
};

/** Far more than a conversation; what is larger is refused. */
const PROMPT_BYTES_MAX = 1_000_000;

/** Null where it is no request for a chat completion. Rejects where the upload breaks off. */
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
