// The tables of docs/configuration.md, and that of docs/deploying.md.

import type * as v from "valibot";
import { type Field } from "../../src/config/field.ts";
import { RULES } from "../deployment/check.ts";
import { type Table, isTable, rangeOf } from "./convert.ts";
import { FIELDS_BY_NEED, TABLES, defaultText, descriptionOf } from "./fields.ts";

/** docs/configuration.md with the tables between its markers. Throws where it has no markers. */
export function fillTables(page: string): string {
  const sections = Object.entries(FIELDS_BY_NEED).map(([need, fields]) =>
    [
      `### ${need}`,
      "",
      "| field | default | range | meaning |",
      "|---|---|---|---|",
      ...Object.entries(fields).flatMap(([property, field]) => [[rowOf(property, field)], innerRows(field)].flat()),
    ].join("\n"),
  );
  return between(page, "fields", sections.join("\n\n"));
}

/** docs/deploying.md with the table of the rules between its markers. Throws where it has no markers. */
export function fillRules(page: string): string {
  const rows = RULES.map(({ id, because }) => `| \`${id}\` | ${because} |`);
  return between(page, "rules", ["| rule | why |", "|---|---|", ...rows].join("\n"));
}

function between(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the page has no place for the ${name}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

function rowOf(property: string, field: Field): string {
  const written = defaultText(field);
  const byDefault = field.required ? "required" : code(written);
  return row(field.name, byDefault, rangeOf(field.schema), descriptionOf(property));
}

/** A row for each field of the table that `field` may hold. */
function innerRows({ name, schema }: Field): string[] {
  const table = tableIn(schema);
  return table === null ? [] : rowsOfTable(name, table);
}

function rowsOfTable(name: string, { entries }: Table): string[] {
  const descriptions = TABLES.get(Object.keys(entries).join());
  return Object.entries(entries).flatMap(([inner, entry]) => {
    const path = `${name}.${inner}`;
    if (isTable(entry)) return rowsOfTable(path, entry);
    const description = descriptions?.get(inner);
    if (description === undefined) throw new Error(`${path} has no doc comment`);
    return [row(path, innerDefault(entry), rangeOf(entry), description)];
  });
}

/** The table form of a value, or of the items of a list. */
function tableIn(schema: v.GenericSchema): Table | null {
  if ("item" in schema) return tableIn(schema.item as v.GenericSchema);
  if ("getter" in schema) return tableIn((schema.getter as (input: unknown) => v.GenericSchema)({}));
  return isTable(schema) ? schema : null;
}

function innerDefault(schema: v.GenericSchema): string {
  if (schema.type !== "optional") return "required";
  const value: unknown = Reflect.get(schema, "default");
  return value === undefined || value === null ? "" : code(JSON.stringify(value).replaceAll(",", ", "));
}

function row(name: string, byDefault: string, range: string | null, meaning: string): string {
  return `| \`${name}\` | ${byDefault} | ${range ?? ""} | ${meaning} |`.replaceAll(/ {2,}/g, " ");
}

function code(text: string | null): string {
  return text === null ? "" : `\`${text}\``;
}
