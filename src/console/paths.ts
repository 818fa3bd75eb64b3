/** Where the pages of the console are. */

export const HOME = "/_oncegate/";

/** In the order of the navigation. */
export const PAGES = [
  { path: HOME, label: "Overview" },
  { path: "/_oncegate/unknown", label: "Unknown" },
  { path: "/_oncegate/records", label: "Records" },
  { path: "/_oncegate/settle-many", label: "Settle many" },
  { path: "/_oncegate/audit", label: "Audit" },
  { path: "/_oncegate/keyless", label: "Keyless" },
  { path: "/_oncegate/policy", label: "Policy" },
  { path: "/_oncegate/help", label: "Help" },
] as const;

export type PagePath = (typeof PAGES)[number]["path"];

export const UNKNOWN_PATH: PagePath = "/_oncegate/unknown";
export const RECORDS_PATH: PagePath = "/_oncegate/records";
export const SETTLE_MANY_PATH: PagePath = "/_oncegate/settle-many";
export const AUDIT_PATH: PagePath = "/_oncegate/audit";
export const KEYLESS_PATH: PagePath = "/_oncegate/keyless";
export const POLICY_PATH: PagePath = "/_oncegate/policy";
export const HELP_PATH: PagePath = "/_oncegate/help";

export function recordPath(id: string): string {
  return `${RECORDS_PATH}/${id}`;
}

/** A page of the console, with its query: the places to which signing in may lead. A fragment never reaches a server. */
const CONSOLE_PATH =
  /^\/_oncegate\/(?:unknown|records(?:\/[0-9a-f]{64})?|settle-many|audit|keyless|policy|help)?(?:\?[\w%.~+=&:*-]{0,2000})?$/;

export function consolePathOr(path: string): string {
  return CONSOLE_PATH.test(path) ? path : HOME;
}
