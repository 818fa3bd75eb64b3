/** The client certificate of a request, as verified by the platform's TLS termination. */

/** `unverified`: the client presented a certificate that is not valid. `fingerprint`: SHA-256, in lower-case hex. */
export type ClientCertificate =
  | { readonly kind: "verified"; readonly fingerprint: string }
  | { readonly kind: "absent" }
  | { readonly kind: "unverified" };

const SHA256_HEX = /^[0-9a-f]{64}$/;

/**
 * The client's certificate. The subject does not identify it: an issuer may give one subject to many certificates. `cf` is
 * the platform's data about the connection.
 */
export function clientCertificate(cf: object | undefined): ClientCertificate {
  const auth: unknown = Reflect.get(cf ?? {}, "tlsClientAuth");
  const field = (name: string): unknown => Reflect.get(Object(auth), name);
  const presented = field("certPresented");
  if (presented === undefined || presented === "0") return { kind: "absent" };
  const fingerprint = String(field("certFingerprintSHA256")).toLowerCase();
  const isValid = field("certVerified") === "SUCCESS" && field("certRevoked") === "0" && SHA256_HEX.test(fingerprint);
  return isValid ? { kind: "verified", fingerprint } : { kind: "unverified" };
}
