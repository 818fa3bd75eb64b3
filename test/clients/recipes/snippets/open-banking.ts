import { type CryptoKey, SignJWT } from "jose";

interface Payment {
  readonly amount: string;
  readonly creditor: string;
}

export function connectBank(gateway: string, token: string, privateKey: CryptoKey) {
  const send = async (data: Payment, key: string) => {
    // Each try is signed again, with its own time and id.
    const body = await new SignJWT({ data: { ...data } })
      .setProtectedHeader({ alg: "PS256", typ: "JWT" })
      .setIssuer("shop")
      .setAudience("bank")
      .setIssuedAt()
      .setJti(crypto.randomUUID())
      .sign(privateKey);
    const interaction = crypto.randomUUID();
    const response = await fetch(`${gateway}/payments/v4/pix/payments`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/jwt",
        "x-idempotency-key": key,
        "x-fapi-interaction-id": interaction,
      },
      body,
    });
    if (response.headers.get("x-fapi-interaction-id") !== interaction) throw new Error("the answer to another request");
    return response;
  };

  return async (payment: Payment, key: string) => {
    const response = await send(payment, key).catch(() => send(payment, key));
    const body = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${body}`);
    // A JWT that the bank has signed.
    return body;
  };
}
