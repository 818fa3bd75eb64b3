import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { type Readable, type Writable } from "node:stream";

/** Whether the answer to `question` is yes. The end of the input, and Ctrl-C, are no. */
export async function confirm(question: string, input: Readable, output: Writable): Promise<boolean> {
  const terminal = createInterface({ input, output });
  try {
    const closed = once(terminal, "close").then(() => "");
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
