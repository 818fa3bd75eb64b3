/** What a request asks for, as a record names it for operators: `POST /mcp tools/call:create_payment`. Pure. */

import { matchingPath } from "../http/matching-path.ts";
import { CALL_CHARACTERS_MAX } from "../identity/json-rpc.ts";

/** Any other name is of no route, and is left out. */
const CALL = new RegExp(`^[!-~]{1,${CALL_CHARACTERS_MAX}}$`);

/** `names` are those of a JSON-RPC call; none where it is no call, or several. */
export function writeOperation(method: string, pathname: string, names: readonly string[]): string {
  const call = names.findLast((name) => CALL.test(name));
  return `${method} ${pathname}${call === undefined ? "" : ` ${call}`}`;
}

export interface Operation {
  readonly method: string;
  readonly pathname: string;
  /** The path that policies are matched by. */
  readonly path: string;
  readonly names: readonly string[];
}

export function readOperation(written: string): Operation {
  const [method = "", pathname = "", call] = written.split(" ");
  const names = call === undefined ? [] : [...new Set([call.replace(/:.*$/, ""), call])];
  return { method, pathname, path: matchingPath(pathname), names };
}
