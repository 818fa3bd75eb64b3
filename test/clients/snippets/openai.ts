import OpenAI from "openai";

export function connectOpenAI(gateway: string, apiKey: string, timeoutMs = 30_000) {
  const openai = new OpenAI({ apiKey, baseURL: `${gateway}/v1`, timeout: timeoutMs, maxRetries: 2 });

  // The option `idempotencyKey` is accepted and not sent: OpenAI's API has no such header. Name it yourself.
  return (input: string, key: string) =>
    openai.responses.create({ model: "gpt-5", input }, { headers: { "Idempotency-Key": key } });
}
