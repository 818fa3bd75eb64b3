/** The properties of a configuration field, and the types that follow from a list of fields. */

import type * as v from "valibot";
import { type Bounds, duration, integer } from "./values.ts";

/**
 * One configuration field. Its description is the doc comment above it in the list: from there it goes to
 * docs/configuration.md and to the JSON Schema, and takes no space in the Worker.
 */
export interface Field {
  /** The name in the configuration. The list is keyed by the name of the property that it sets. */
  readonly name: string;
  readonly schema: v.GenericSchema;
  readonly required?: true;
  /** The value of the property where the field is not set; null where there is none. */
  readonly default?: unknown;
  /** The default as it is written in a configuration, where that does not follow from `default`. */
  readonly defaultText?: string;
  /** The unit of the property. */
  readonly unit?: "ms" | "bytes";
  readonly published?: Published;
}

/** How the published policy shows a field (docs/protocol.md 8.1). */
interface Published {
  /** Its name in the document. Durations are in seconds there. */
  readonly name: string;
  /** Its label on the page. */
  readonly label: string;
}

export type Fields = Readonly<Record<string, Field>>;

/** The type of a field's property: null is possible only where it is the default. */
type ValueOf<F extends Field> = v.InferOutput<F["schema"]> | (F["default"] extends null ? null : never);

/** By property, every field. */
export type Values<F extends Fields> = { readonly [Property in keyof F]: ValueOf<F[Property]> };

/** By property, the fields that a configuration sets and that could be read. */
export type SetValues<F extends Fields> = { readonly [Property in keyof F]?: ValueOf<F[Property]> };

/** All in milliseconds. */
interface DurationField extends Bounds {
  readonly default: number;
}

export function durationField(range: DurationField) {
  const schema = duration({ ...range, example: range.default });
  return { schema, default: range.default, unit: "ms" } as const;
}

export function integerField(range: { readonly min: number; readonly max: number; readonly default: number }) {
  return { schema: integer(range), default: range.default } as const;
}

/** `name` in the published document, `label` on its page. */
export function published(name: string, label: string): Published {
  return { name, label };
}

/** The default of each field. Throws where a field of the list has none. */
export function defaultsOf<F extends Fields>(fields: F): Values<F> {
  const defaults = mapFields(fields, (field) => field.default);
  if (!isComplete(fields, defaults)) throw new Error("a field has no default");
  return defaults;
}

/** The values that `valueOf` finds, by property. Where it finds undefined the field is not set. */
export function mapFields<F extends Fields>(fields: F, valueOf: (field: Field) => unknown): SetValues<F> {
  const values: Record<string, unknown> = {};
  for (const [property, field] of Object.entries(fields)) {
    const value = valueOf(field);
    if (value !== undefined) values[property] = value;
  }
  return values;
}

function isComplete<F extends Fields>(fields: F, values: SetValues<F>): values is Values<F> {
  return Object.keys(fields).every((property) => Object.hasOwn(values, property));
}
