/** The client certificate of a request, as the platform's TLS front has judged it. */

/** `unverified`: one was presented, and it proves nothing. */
export type ClientCertificate = { readonly fingerprint: string | null } | "unverified";

const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * The SHA-256 fingerprint of the certificate, in lower-case hex; null where none was presented. Not its subject: whoever
 * issues certificates may give one subject to many. `cf` is what the platform says of the connection.
 */
export function clientCertificate(cf: object | undefined): ClientCertificate {
  const auth: unknown = Reflect.get(cf ?? {}, "tlsClientAuth");
  const said = (field: string): unknown => Reflect.get(Object(auth), field);
  const presented = said("certPresented");
  if (presented === undefined || presented === "0") return { fingerprint: null };
  const fingerprint = String(said("certFingerprintSHA256")).toLowerCase();
  const isGood = said("certVerified") === "SUCCESS" && said("certRevoked") === "0" && SHA256_HEX.test(fingerprint);
  return isGood ? { fingerprint } : "unverified";
}
