/** Reads server-sent events as the story of the example needs them: one `data` line each, then the mark of the end. */

export interface ReadEvents {
  readonly text: string;
  /** Whether `[DONE]` has come: a text without it is not the whole. */
  readonly done: boolean;
}

interface Chunk {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[];
}

/** An event whose end has not come does not count yet. */
export function readEvents(bytes: Buffer): ReadEvents {
  const events = bytes.toString("utf8").split("\n\n").slice(0, -1);
  const data = events.map((event) => event.replace(/^data: /, ""));
  const chunks = data.filter((line) => line !== "[DONE]").map((line) => JSON.parse(line) as Chunk);
  const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
  return { text, done: data.at(-1) === "[DONE]" };
}
