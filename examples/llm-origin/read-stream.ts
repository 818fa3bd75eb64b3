/** Gives the text of a streamed answer piece by piece, each once, however often the connection breaks. */
export async function* readStream(url: string, token: string, key: string, body: string): AsyncGenerator<string> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key };
  const decoder = new TextDecoder();
  let shownBytes = 0;
  for (let triesLeft = 3; ; triesLeft--) {
    try {
      // Every try is the same request: the same key, the same body.
      const response = await fetch(url, { method: "POST", headers, body });
      if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
      // "executed" after something was shown: it ran again (`on_unknown = "retry"`), and what was shown is not valid.
      const isReplayed = response.headers.has("idempotent-replayed");
      if (shownBytes > 0 && !isReplayed) throw new Error("this is another answer");
      // A response from the record comes from its start. The bytes are the same, so those that were shown are skipped.
      let skipBytes = shownBytes;
      for await (const bytes of response.body ?? []) {
        const fresh = bytes.subarray(Math.min(skipBytes, bytes.length));
        skipBytes -= bytes.length - fresh.length;
        shownBytes += fresh.length;
        if (fresh.length > 0) yield decoder.decode(fresh, { stream: true });
      }
      return;
    } catch (error) {
      // fetch throws a TypeError if there is no connection, or if it broke before the end of the response.
      if (!(error instanceof TypeError) || triesLeft === 1) throw error;
    }
  }
}
