import { profileNames, profiles } from "../profiles.ts";

const PROFILES = profileNames.map((name) => {
  const { what, checks } = profiles[name];
  return `  ${name.padEnd(10)}${what} (${checks.length} checks)`;
});

export const DEFAULT_ORIGIN_PORT = 9100;

export const HELP = `oncegate-conformance URL [options]

Tests an implementation of idempotency keys over HTTP: the one at URL. It sends requests, and acts as the API behind the
implementation, which must forward to it: to http://127.0.0.1:${DEFAULT_ORIGIN_PORT}, or to the port of --origin-port.

what is tested
  --profile NAME           the contract (default ietf), see below
  --only CLAUSE            only checks whose clause begins with it; may be repeated
  --except FILE            declared exceptions: JSON, {"beginning of clause and title": "reason"}
  --skip-needs A,B         counts checks that need these policies as not applicable; "all" for every policy
  --url-without-catch-all URL   a second instance, which serves only.example.test alone

how requests are sent
  --origin-port PORT       where the API of this program listens (default ${DEFAULT_ORIGIN_PORT})
  --origin-address ADDRESS its address (default 127.0.0.1; 0.0.0.0 for an implementation in a container)
  --key-header NAME        in place of Idempotency-Key
  --caller-header NAME     in place of Authorization
  --caller VALUE           the value that names the caller (default "Bearer conformance")
  --other-caller VALUE     the value that names another one (default "Bearer another")
  --host NAME              the value of Host, in place of that of URL
  --header "NAME: VALUE"   a field of each request; may be repeated

what is written
  --json FILE              the results as JSON; - is standard output, in place of the table
  --junit FILE             the results as JUnit XML; - likewise
  --badge FILE             an SVG with the result
  --list                   prints the checks of the profile and ends
  --print-tenants          prints Oncegate's TENANTS for the profile and the port, and ends
  --help                   prints this

profiles
${PROFILES.join("\n")}

exit status
  0  no check failed, but for declared exceptions
  1  a check failed
  2  the command line is wrong, or nothing could be tested
`;
