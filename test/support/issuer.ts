/** An issuer of tokens, whose keys are published beside the scripted origin. */

import { type CryptoKey, type JWTPayload, SignJWT, exportJWK, generateKeyPair } from "jose";
import { type Answering } from "./origin.ts";

export interface Issuer {
  /** An item of `caller` that identifies callers by `sub`. */
  readonly item: { readonly jwt: { readonly jwks: string; readonly [field: string]: unknown } };
  /** A good token for `sub`; what is changed may make it a bad one. A claim that is undefined is left out. */
  token(sub: unknown, change?: Change): Promise<string>;
  /** Signs with a new key from now on. */
  rotate(): Promise<void>;
  readonly privateKey: () => CryptoKey;
  /** What is published: the key's JWK. */
  readonly published: () => Record<string, unknown>[];
  /** Publishes the keys, and lets `answering` answer everything else. */
  beside(answering: Answering): Answering;
  /** Answers in place of the keys. */
  publishes(instead: () => Response | Promise<Response>): void;
  readonly fetches: () => number;
}

export interface Change {
  readonly claims?: JWTPayload;
  readonly header?: Record<string, unknown>;
  /** Another's key. */
  readonly key?: CryptoKey | Uint8Array;
}

export const AUDIENCE = "https://api.test";

export async function issuerOf(alg = "ES256"): Promise<Issuer> {
  const name = `https://issuer.test/${crypto.randomUUID()}`;
  const jwks = `${name}/jwks.json`;
  let number = 0;
  let fetches = 0;
  const next = async () => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${++number}`;
    return { privateKey, kid, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: "sig" } };
  };
  let current = await next();
  let publish = (): Response | Promise<Response> => Response.json({ keys: [current.jwk] });
  return {
    item: { jwt: { jwks, claims: ["iss", "sub"], audience: AUDIENCE } },
    token(sub, { claims = {}, header = {}, key = current.privateKey } = {}) {
      const nowSeconds = Math.floor(Date.now() / 1000);
      const payload = { iss: name, sub: sub as string, aud: AUDIENCE, exp: nowSeconds + 300, jti: crypto.randomUUID() };
      return new SignJWT({ ...payload, ...claims }).setProtectedHeader({ alg, kid: current.kid, ...header }).sign(key);
    },
    async rotate() {
      current = await next();
    },
    privateKey: () => current.privateKey,
    published: () => [current.jwk],
    beside: (answering) => (request, count) => {
      if (request.url !== jwks) return answering(request, count);
      fetches++;
      return publish();
    },
    publishes(instead) {
      publish = instead;
    },
    fetches: () => fetches,
  };
}
