interface Item {
  readonly id: string;
  readonly amount: number;
}

interface Result {
  readonly id: string;
  readonly status: number;
  readonly charge?: string;
}

export function connectBatch(gateway: string, token: string) {
  const post = (items: readonly Item[], key: string) =>
    fetch(`${gateway}/v1/batch`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key },
      body: JSON.stringify({ items }),
    });

  return async (items: readonly Item[], key: string) => {
    const results = new Map<string, Result>();
    let left = items;
    for (let round = 1; round <= 3 && left.length > 0; round++) {
      // Fewer items are another request, with a key of its own: the same one each time that this batch is sent.
      const batch = left;
      const send = () => post(batch, `${key}:${round}`);
      const response = await send().catch(send);
      const body = (await response.json()) as { results: Result[]; code?: string };
      if (!response.ok) throw new Error(`${response.status} ${body.code}`);
      for (const result of body.results) results.set(result.id, result);
      left = batch.filter(({ id }) => results.get(id)?.status === 429);
    }
    return [...results.values()];
  };
}
