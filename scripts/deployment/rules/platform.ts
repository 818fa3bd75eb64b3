// Rules about the platform's own settings: names that wrangler knows, the compatibility date and its flags.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nearestName } from "../../../src/config/unknown-field.ts";
import { isTable } from "../../../src/identity/json.ts";
import { type Deployment, valueAt } from "../deployment.ts";
import { type Found, type Rule } from "../rule.ts";
import { type Path } from "../source.ts";

/** From this date on, pending I/O keeps an object alive. */
const DATE_MIN = "2026-10-01";

/** The newest date with which the tests of this version have passed: that of the committed wrangler.toml. */
export const DATE_TESTED = "2026-10-30";

/** Gives back the memory of a request whose client has left. The platform's default from a later date on than the tested one. */
export const NEEDED_FLAG = "enable_request_signal";

/** What each flag would break. */
export const FORBIDDEN_FLAGS: Readonly<Record<string, string>> = {
  request_signal_passthrough: "attempts would end when their client leaves",
  disable_request_signal: "the memory of a request whose client has left would not be given back",
  durable_object_io_tasks_do_not_prevent_eviction: "an object could be evicted while its attempt runs",
  delete_all_preserves_alarm: "an ended record would leave its alarm behind",
  global_fetch_strictly_public: "a request to a name of this zone would come back to the gateway",
};

const SCHEMA = join(import.meta.dirname, "..", "..", "..", "node_modules", "wrangler", "config-schema.json");

const unknownField: Rule = {
  id: "unknown-field",
  because: "wrangler ignores a field that it does not know, and what it was to set is not set.",
  check: ({ table, environment }) => {
    const schema = wranglerSchema();
    const [root, named] = [definition(schema, "RawConfig"), definition(schema, "RawEnvironment")];
    if (environment === null) {
      // Each environment is checked when it is deployed.
      const { env: _, ...top } = table;
      return unknownIn(schema, root, top, []);
    }
    const inherited = Object.fromEntries(Object.entries(table).filter(([name]) => name !== "env"));
    return [
      ...unknownIn(schema, root, inherited, []),
      ...unknownIn(schema, named, valueAt(table, ["env", environment]), []),
    ];
  },
};

/** The part of JSON Schema that wrangler's file uses. */
interface JsonSchema {
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}

let loaded: JsonSchema | null = null;

/** wrangler's own list of what may be written. Read once: it has 6,000 lines. */
function wranglerSchema(): JsonSchema {
  loaded ??= JSON.parse(readFileSync(SCHEMA, "utf8")) as JsonSchema;
  return loaded;
}

function definition(root: JsonSchema, name: string): JsonSchema {
  return root.definitions?.[name] ?? {};
}

/** The forms that a value may have. */
function formsOf(root: JsonSchema, schema: JsonSchema): JsonSchema[] {
  if (schema.$ref !== undefined)
    return formsOf(root, definition(root, decodeURIComponent(schema.$ref.replace("#/definitions/", ""))));
  const choices = [...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  return choices.length === 0 ? [schema] : choices.flatMap((choice) => formsOf(root, choice));
}

function unknownIn(root: JsonSchema, schema: JsonSchema, value: unknown, path: Path): Found[] {
  const forms = formsOf(root, schema);
  if (Array.isArray(value)) {
    const items = { anyOf: forms.flatMap(({ items: one }) => (one === undefined ? [] : [one])) };
    return value.flatMap((item: unknown, index) => unknownIn(root, items, item, [...path, index]));
  }
  if (!isTable(value) || forms.length === 0) return [];
  const known = new Map(forms.flatMap(({ properties = {} }) => Object.entries(properties)));
  // A form without a list of names allows every name.
  const isOpen = forms.some((form) => isOpenForm(form));
  return Object.entries(value).flatMap(([name, inner]) => {
    const property = known.get(name);
    if (property !== undefined) return unknownIn(root, property, inner, [...path, name]);
    return isOpen ? [] : [unknownName(name, [...known.keys()], [...path, name])];
  });
}

function isOpenForm({ properties, additionalProperties, items }: JsonSchema): boolean {
  if (items !== undefined) return false;
  return additionalProperties === undefined ? properties === undefined : additionalProperties !== false;
}

function unknownName(name: string, known: readonly string[], path: Path): Found {
  const nearest = nearestName(name, known);
  const fix = nearest === null ? `remove ${name}` : `rename it to ${nearest}`;
  return { path, message: `unknown field ${name}${nearest === null ? "" : `: did you mean "${nearest}"?`}`, fix };
}

const compatibilityDate: Rule = {
  id: "compatibility-date",
  because: `before ${DATE_MIN}, an object can be evicted while its attempt runs; after ${DATE_TESTED}, this version is not tested.`,
  check: ({ config: { compatibility_date: date } }) => {
    if (date !== undefined && date >= DATE_MIN && date <= DATE_TESTED) return [];
    const message = date === undefined ? "compatibility_date is missing" : `compatibility_date is ${date}`;
    return [{ path: ["compatibility_date"], message, fix: `compatibility_date = "${DATE_TESTED}"` }];
  },
};

const compatibilityFlags: Rule = {
  id: "compatibility-flags",
  because: `${NEEDED_FLAG} gives back the memory of a request whose client has left, and some flags end or lose attempts.`,
  check: ({ config: { compatibility_flags: flags } }: Deployment) => {
    const path = ["compatibility_flags"];
    const forbidden = flags.flatMap((flag, index): Found[] => {
      const harm = FORBIDDEN_FLAGS[flag];
      return harm === undefined ? [] : [{ path: [...path, index], message: `${flag}: ${harm}`, fix: `remove ${flag}` }];
    });
    if (flags.includes(NEEDED_FLAG)) return forbidden;
    const missing = { path, message: `${NEEDED_FLAG} is missing`, fix: `compatibility_flags = ["${NEEDED_FLAG}"]` };
    return [...forbidden, missing];
  },
};

export const PLATFORM_RULES: readonly Rule[] = [unknownField, compatibilityDate, compatibilityFlags];
