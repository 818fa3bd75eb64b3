export interface Order {
  readonly order_id: string;
  readonly card: string;
}

export function connectCheckout(shop: string, session: string) {
  // In a browser, the cookie goes with `credentials: "include"`.
  const headers = { "content-type": "application/json", cookie: `session=${session}` };

  /** 201 is a receipt and 402 a declined card. Anything else is a problem to show. */
  return async (order: Order) => {
    for (let triesLeft = 3; ; triesLeft--) {
      try {
        const response = await fetch(`${shop}/checkout`, { method: "POST", headers, body: JSON.stringify(order) });
        const answer = (await response.json()) as { receipt?: string; code?: string };
        return { status: response.status, ...answer };
      } catch (error) {
        // No response, or half of one. The same order again is the same payment.
        if (!(error instanceof TypeError) || triesLeft === 1) throw error;
      }
    }
  };
}
