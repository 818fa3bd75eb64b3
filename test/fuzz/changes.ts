/** Changes to a sound request with the same key, and whether they make it another request or another caller's. */

import { type Request } from "./request.ts";

type Apply = (request: Request) => Request;

export interface Change {
  readonly name: string;
  /** Whether both requests may have one answer: the same operation, caller and fingerprint. */
  readonly isSame: boolean;
  readonly apply: Apply;
}

const SAME: readonly Change[] = [
  { name: "none", isSame: true, apply: (request) => request },
  { name: "a quoted key", isSame: true, apply: line("Idempotency-Key", ' "{run}"') },
  { name: "white space around the key", isSame: true, apply: line("Idempotency-Key", "\t {run} \t") },
  { name: "a header that does not count", isSame: true, apply: added("X-Trace", " 1") },
  { name: "a preference", isSame: true, apply: added("Prefer", " respond-async") },
  { name: "forged words of the gateway", isSame: true, apply: added("Oncegate-Attempt", " 9") },
  { name: "another spelling of JSON", isSame: true, apply: body((text) => text.replace(":1", ": 1.0")) },
  { name: "a charset", isSame: true, apply: line("Content-Type", " application/json; charset=UTF-8") },
  { name: "chunks", isSame: true, apply: (request) => ({ ...request, framing: "chunked" }) },
  { name: "a key that Connection names", isSame: true, apply: added("Connection", " idempotency-key, x-a") },
  { name: "a fragment", isSame: true, apply: target((path) => `${path}#a`) },
  { name: "an empty query", isSame: true, apply: target((path) => `${path}?`) },
  { name: "dot segments", isSame: true, apply: target((path) => path.replace("/v1", "/v1/./x/..")) },
  { name: "an upper-case host", isSame: true, apply: host((name) => name.toUpperCase()) },
  { name: "a host with a dot", isSame: true, apply: host((name) => `${name}.`) },
  { name: "a host with a port", isSame: true, apply: host((name) => `${name}:8080`) },
  { name: "a scheme in lower case", isSame: true, apply: authorization((who) => `bearer ${who}`) },
  { name: "two blanks behind the scheme", isSame: true, apply: authorization((who) => `Bearer  ${who}`) },
];

const OTHER: readonly Change[] = [
  { name: "a credential in upper case", isSame: false, apply: credential((who) => `Bearer ${who.toUpperCase()}`) },
  { name: "another scheme", isSame: false, apply: credential((who) => `Basic ${who}`) },
  { name: "another caller", isSame: false, apply: credential(() => "Bearer eve") },
  {
    name: "two credentials",
    isSame: false,
    apply: both(added("Authorization", " Bearer eve"), added("X-User", " eve")),
  },
  { name: "another amount", isSame: false, apply: body((text) => text.replace(":1", ":2")) },
  { name: "an empty body", isSame: false, apply: body(() => "") },
  { name: "a query", isSame: false, apply: target((path) => `${path}?a=1`) },
  { name: "a precondition", isSame: false, apply: added("If-Match", ' "a"') },
  { name: "another media type", isSame: false, apply: line("Content-Type", " application/vnd.a+json") },
  { name: "another path", isSame: false, apply: target((path) => path.replace("/v1", "/V1")) },
  { name: "an encoded path", isSame: false, apply: target((path) => path.replace("/v1", "/%761")) },
  { name: "another key", isSame: false, apply: line("Idempotency-Key", " {run}x") },
  { name: "an override", isSame: false, apply: added("X-HTTP-Method-Override", " GET") },
];

export const CHANGES: readonly Change[] = [...SAME, ...OTHER];

function line(name: string, value: string): Apply {
  return (request) => {
    const others = request.lines.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
    return { ...request, lines: [...others, [name, value]] };
  };
}

function added(name: string, value: string): Apply {
  return (request) => ({ ...request, lines: [...request.lines, [name, value]] });
}

function body(change: (text: string) => string): Apply {
  return (request) => ({ ...request, body: change(request.body) });
}

function target(change: (path: string) => string): Apply {
  return (request) => ({ ...request, target: change(request.target) });
}

function host(change: (name: string) => string): Apply {
  return (request) => line("Host", ` ${change(valueOf(request, "Host"))}`)(request);
}

function both(first: Apply, second: Apply): Apply {
  return (request) => second(first(request));
}

function authorization(write: (who: string) => string): Apply {
  return (request) => line("Authorization", ` ${write(callerOf(request))}`)(request);
}

/** Also the cookie, by which some hosts tell callers. */
function credential(write: (who: string) => string): Apply {
  return (request) => {
    const changed = line("Cookie", ` session=${write(callerOf(request)).replaceAll(" ", "-")}`)(request);
    return authorization(write)(changed);
  };
}

function callerOf(request: Request): string {
  return valueOf(request, "Authorization").replace("Bearer ", "");
}

function valueOf({ lines }: Request, name: string): string {
  return lines.find(([one]) => one === name)?.[1].trim() ?? "";
}
