import OpenAI from "openai";

export function connectOpenAI(gateway: string, apiKey: string) {
  const openai = new OpenAI({ apiKey, baseURL: `${gateway}/v1`, maxRetries: 2 });

  return async (content: string, key: string) => {
    for (let triesLeft = 3; ; triesLeft--) {
      try {
        const stream = await openai.chat.completions.create(
          { model: "gpt-5", stream: true, messages: [{ role: "user", content }] },
          { headers: { "Idempotency-Key": key } },
        );
        const tokens: string[] = [];
        for await (const { choices } of stream) tokens.push(choices[0]?.delta.content ?? "");
        return tokens.join("");
      } catch (error) {
        // The SDK retries until the stream begins. One that is cut is read again, from its start.
        if (!(error instanceof TypeError) || triesLeft === 1) throw error;
      }
    }
  };
}
