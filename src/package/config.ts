/** The configuration that is written in code. */

import { parseConfig } from "../config/config.ts";
import { type AppAddress } from "../config/entry-values.ts";
import { APP_ENTRY_FIELDS } from "../config/fields-of-entry.ts";
import { type ConfigInCode, environmentWith } from "../config/in-code.ts";
import { type Fault } from "../config/read-fields.ts";
import { unknownField } from "../config/unknown-field.ts";
import { BINDING_NAME } from "../config/values.ts";
import { parseEdge } from "../http/client-address.ts";
import { isTable } from "../identity/json.ts";

const PATH = "config";

/** Throws where a value is not valid, with all faults. What needs bindings is checked at the first request. */
export function readConfig(written: unknown, app: AppAddress): ConfigInCode {
  const faults: Fault[] = [];
  const config = isTable(written) ? inCode(written, app, faults) : null;
  if (config === null) faults.push({ path: PATH, message: "must be a table" });
  else faults.push(...parseConfig(environmentWith(config, {}, { isBound: false, faults: [] })).faults);
  if (config !== null && faults.length === 0) return config;
  const lines = faults.map(({ path, message }) => `  ${path} ${message}`);
  throw new TypeError(`The configuration of oncegate has faults:\n${lines.join("\n")}`);
}

function inCode(written: Readonly<Record<string, unknown>>, app: AppAddress, faults: Fault[]): ConfigInCode {
  const { hosts = {}, edge = "cloudflare", events = null, ...entry } = written;
  if (!isTable(hosts)) faults.push({ path: `${PATH}.hosts`, message: "must be a table of entries by hostname" });
  if (typeof edge !== "string" || edge === "" || parseEdge(edge) === null) {
    faults.push({ path: `${PATH}.edge`, message: 'must be "cloudflare", "proxy" or "none"' });
  }
  const dataset = typeof events === "string" && BINDING.test(events) ? events : null;
  if (events !== null && dataset === null) {
    faults.push({ path: `${PATH}.events`, message: "must be the name of an Analytics Engine binding" });
  }
  // Its reader would not know the fields that are not an entry's.
  const unknown = Object.keys(entry).filter((name) => !FIELDS.includes(name));
  faults.push(...unknown.map((name) => ({ path: `${PATH}.${name}`, message: unknownField(name, FIELDS) })));
  const known = Object.fromEntries(Object.entries(entry).filter(([name]) => FIELDS.includes(name)));
  const isForAll = !("hosts" in written) || Object.keys(known).length > 0;
  const entries = Object.entries(isTable(hosts) ? hosts : {}).map(([host, entry]) => {
    return { written: host, path: `${PATH}.hosts."${host}"`, entry };
  });
  return {
    app,
    edge: typeof edge === "string" ? edge : "none",
    events: dataset,
    entries: isForAll ? [{ written: "*", path: PATH, entry: known }, ...entries] : entries,
  };
}

const BINDING = new RegExp(`^${BINDING_NAME}$`);

const FIELDS = [...Object.values(APP_ENTRY_FIELDS).map(({ name }) => name), "hosts", "edge", "events"];
