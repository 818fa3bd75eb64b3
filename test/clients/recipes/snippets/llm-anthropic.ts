import Anthropic from "@anthropic-ai/sdk";

export function connectAnthropic(gateway: string, apiKey: string) {
  const anthropic = new Anthropic({ apiKey, baseURL: gateway, maxRetries: 2 });

  return async (content: string, key: string) => {
    for (let triesLeft = 3; ; triesLeft--) {
      try {
        const stream = await anthropic.messages.create(
          { model: "claude-opus-4", max_tokens: 1000, stream: true, messages: [{ role: "user", content }] },
          { headers: { "Idempotency-Key": key } },
        );
        const tokens: string[] = [];
        for await (const event of stream) {
          if (event.type === "content_block_delta" && event.delta.type === "text_delta") tokens.push(event.delta.text);
        }
        return tokens.join("");
      } catch (error) {
        if (!(error instanceof TypeError) || triesLeft === 1) throw error;
      }
    }
  };
}
