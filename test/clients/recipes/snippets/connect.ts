import { Code, ConnectError, type Interceptor, type Transport, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { Charges } from "../charges_pb.ts";

const PAUSES_MS = [250, 1000];

/** Repeats a call with the same headers, and so with the same key. */
const retry: Interceptor = (next) => async (request) => {
  for (let attempt = 0; ; attempt++) {
    try {
      return await next(request);
    } catch (error) {
      const pauseMs = PAUSES_MS[attempt];
      if (pauseMs === undefined || !isWorthRepeating(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
};

function isWorthRepeating(error: unknown): boolean {
  // No response, or half of one.
  if (!(error instanceof ConnectError)) return true;
  const isReleased = error.metadata.get("idempotency-status")?.startsWith("released") === true;
  return (isReleased && error.code === Code.Unavailable) || error.metadata.get("x-should-retry") === "true";
}

export function connectCharges(gateway: string, token: string, protocol: "connect" | "grpc-web") {
  const withToken: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const options = { baseUrl: gateway, interceptors: [withToken, retry] };
  const transport: Transport =
    protocol === "connect" ? createConnectTransport(options) : createGrpcWebTransport(options);
  const charges = createClient(Charges, transport);

  return async (amount: number, key: string) => {
    const { id } = await charges.charge({ amount }, { headers: { "idempotency-key": key } });
    return id;
  };
}
