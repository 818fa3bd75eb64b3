/** Hostnames as tenants are named by them. `URL` has put them into lower case already. */

/** A trailing dot makes no other host. */
export function withoutTrailingDot(hostname: string): string {
  return hostname.replace(/\.$/, "");
}
