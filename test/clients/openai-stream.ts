import type OpenAI from "openai";

/** Gives a completion token by token, each once, however often the connection breaks. */
export async function* complete(openai: OpenAI, content: string, key: string): AsyncGenerator<string> {
  let shown = 0;
  for (let triesLeft = 3; ; triesLeft--) {
    try {
      const stream = await openai.chat.completions.create(
        { model: "gpt-5", stream: true, messages: [{ role: "user", content }] },
        { headers: { "Idempotency-Key": key } },
      );
      // A response from the record comes from its start. The chunks are the same, so those that were shown are skipped.
      let nth = 0;
      for await (const chunk of stream) {
        nth += 1;
        if (nth <= shown) continue;
        shown = nth;
        yield chunk.choices[0]?.delta.content ?? "";
      }
      return;
    } catch (error) {
      // The SDK retries by itself until the stream begins. It throws a TypeError if the stream breaks in the middle.
      if (!(error instanceof TypeError) || triesLeft === 1) throw error;
    }
  }
}
