// A bank as the payments API of Open Finance Brasil has it, as small as the tests need, and a client that signs.

import { type CryptoKey, decodeJwt, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from "jose";
import assert from "node:assert/strict";
import { type Answer, type Ask, header, type HeaderLine } from "../conformance/client.ts";
import { show } from "../conformance/expect.ts";
import { type OriginAnswer, type Received } from "../conformance/origin.ts";
import { expectStatusIn, expectType, type Members } from "./seen.ts";
import { type Stage } from "./stage.ts";

const ALGORITHM = "PS256";
const CLIENT = "0b5c9a0e-client-organisation";
const BANK = "7f3e21d4-bank-organisation";

type Keys = { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };

/** RSA keys take a while, and all scenarios can share them. */
let keys: Promise<{ readonly client: Keys; readonly bank: Keys }> | undefined;

function allKeys(): NonNullable<typeof keys> {
  keys ??= Promise.all([generateKeyPair(ALGORITHM), generateKeyPair(ALGORITHM)]).then(([client, bank]) => ({
    client,
    bank,
  }));
  return keys;
}

export type Bank = {
  readonly consents: string;
  readonly payments: string;
  /** How many payments were made. */
  readonly paid: () => number;
  readonly revoke: (token: string) => void;
};

/** Access tokens are bound: to the certificate with this thumbprint, or by DPoP. */
const THUMBPRINT = "X-Thumbprint";
export const certificateOf = (token: string): string => `certificate-of-${token}`;

const NONCE = "nonce-of-the-bank";

export function openBank({ fresh, origin }: Stage): Bank {
  const path = fresh("/open-banking");
  const bank = { consents: `${path}/consents`, payments: `${path}/pix/payments` };
  const revoked = new Set<string>();
  const seenIds = new Set<string>();
  const made = { consents: 0, payments: 0 };
  const creating =
    (kind: "consents" | "payments", dataOf: (number: number) => Members): OriginAnswer =>
    async ({ received, response }) => {
      const refused = refusalOf(received, revoked);
      if (refused !== null) {
        response.writeHead(401, refused).end();
        return;
      }
      const claims = await claimsOf((await received.whole).toString(), seenIds);
      if (claims === null) {
        response.writeHead(403, { "Content-Type": "application/json; charset=utf-8" }).end('{"errors":[]}');
        return;
      }
      made[kind] += 1;
      const body = await signed((await allKeys()).bank, { ...claimsNow(BANK, CLIENT), data: dataOf(made[kind]) });
      const interaction = header(received, "x-fapi-interaction-id") ?? "";
      response.writeHead(201, { "Content-Type": "application/jwt", "x-fapi-interaction-id": interaction }).end(body);
    };
  origin.on(
    bank.consents,
    creating("consents", (number) => ({ consentId: `urn:bank:C${number}` })),
  );
  origin.on(
    bank.payments,
    creating("payments", (number) => ({ paymentId: `P${number}`, status: "RCVD" })),
  );
  return { ...bank, paid: () => made.payments, revoke: (token) => void revoked.add(token) };
}

/** The headers of a 401, or null. */
function refusalOf(received: Received, revoked: ReadonlySet<string>): Record<string, string> | null {
  const [scheme = "", token = ""] = (header(received, "authorization") ?? "").split(" ");
  const isBound = scheme === "DPoP" || header(received, THUMBPRINT) === certificateOf(token);
  if (revoked.has(token) || !isBound) return { "WWW-Authenticate": `${scheme} error="invalid_token"` };
  if (scheme === "DPoP" && !(header(received, "dpop") ?? "").includes(NONCE)) {
    return { "WWW-Authenticate": 'DPoP error="use_dpop_nonce"', "DPoP-Nonce": NONCE };
  }
  return null;
}

/** Null where the signature, the sender or the id is wrong. */
async function claimsOf(jws: string, seenIds: Set<string>): Promise<JWTPayload | null> {
  const { client } = await allKeys();
  const verified = await jwtVerify(jws, client.publicKey, { issuer: CLIENT }).catch(() => null);
  const id = verified?.payload.jti;
  if (verified === null || id === undefined || seenIds.has(id)) return null;
  seenIds.add(id);
  return verified.payload;
}

const claimsNow = (iss: string, aud: string): JWTPayload => ({
  iss,
  aud,
  jti: crypto.randomUUID(),
  iat: Math.floor(Date.now() / 1000),
});

function signed({ privateKey }: Keys, claims: JWTPayload): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: ALGORITHM, typ: "JWT" }).sign(privateKey);
}

export type Sending = {
  readonly key: string;
  readonly token: string;
  readonly amount?: string;
  readonly iss?: string;
  readonly interaction?: string;
  readonly type?: string;
  readonly scheme?: "Bearer" | "DPoP";
  readonly certificate?: string;
  readonly headers?: readonly HeaderLine[];
};

/** Signs anew for each try, as the rules require. */
export async function asPayment(sending: Sending): Promise<Ask> {
  const { key, token, amount = "100.00", iss = CLIENT, scheme = "Bearer" } = sending;
  const { interaction = crypto.randomUUID(), type = "application/jwt", headers = [] } = sending;
  const { client } = await allKeys();
  const data = { endToEndId: "E00000000209801010000ABCDEFGHIJK", payment: { amount, currency: "BRL" } };
  const body = await signed(client, { ...claimsNow(iss, "https://bank.example/pix/payments"), data });
  const lines: HeaderLine[] = [
    ["x-idempotency-key", key],
    ["x-fapi-interaction-id", interaction],
    ["Content-Type", type],
    ...(scheme === "DPoP" ? [] : [[THUMBPRINT, sending.certificate ?? certificateOf(token)] as const]),
    ...headers,
  ];
  return { caller: `${scheme} ${token}`, body, headers: lines };
}

/** A 200 or 201 with a signed body, for this client, of the last five minutes, and with the id of the exchange. */
export async function dataIn(answer: Answer, interaction: string): Promise<Members> {
  expectStatusIn(answer, [200, 201]);
  expectType(answer, "application/jwt");
  assert.ok(header(answer, "date") !== undefined, show(answer));
  assert.equal(header(answer, "x-fapi-interaction-id"), interaction, show(answer));
  const { bank } = await allKeys();
  const jws = answer.body.toString();
  const options = { issuer: BANK, audience: CLIENT, typ: "JWT", algorithms: [ALGORITHM], maxTokenAge: "5 minutes" };
  await jwtVerify(jws, bank.publicKey, options).catch((error: unknown) => assert.fail(`${String(error)}: ${jws}`));
  return decodeJwt(jws)["data"] as Members;
}
