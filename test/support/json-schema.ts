/** As much of JSON Schema as the operator API's description uses; an unknown keyword is a fault of the test. */

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS: ReadonlySet<string> = new Set(["description", "format"]);

/** What of `value` does not fit `schema`, by its path. References are looked up in `schemas`. */
export function faultsOf(value: unknown, schema: Schema, schemas: Record<string, object>, path = "$"): string[] {
  return Object.entries(schema).flatMap(([keyword, expected]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`an unknown keyword: ${keyword}`);
    return check(value, expected, { schema, schemas, path });
  });
}

interface Around {
  readonly schema: Schema;
  readonly schemas: Record<string, object>;
  readonly path: string;
}

type Check = (value: unknown, expected: unknown, around: Around) => string[];

const fault = (is: boolean, path: string, message: string): string[] => (is ? [`${path} ${message}`] : []);
const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
const isObject = (value: unknown): value is Record<string, unknown> => typeOf(value) === "object";

const CHECKS: Readonly<Record<string, Check>> = {
  $ref: (value, expected, { schemas, path }) => {
    const name = String(expected).replace("#/components/schemas/", "");
    if (schemas[name] === undefined) throw new Error(`a reference to nothing: ${String(expected)}`);
    return faultsOf(value, schemas[name] as Schema, schemas, path);
  },
  type: (value, expected, { path }) => {
    const types = [expected].flat().map((type) => (type === "integer" ? "number" : type));
    return fault(!types.includes(typeOf(value)), path, `is ${typeOf(value)}, not ${types.join(" or ")}`);
  },
  enum: (value, expected, { path }) => fault(!(expected as unknown[]).includes(value), path, `is ${String(value)}`),
  const: (value, expected, { path }) => fault(value !== expected, path, `is not ${String(expected)}`),
  pattern: (value, expected, { path }) =>
    fault(!new RegExp(String(expected)).test(String(value)), path, "has another form"),
  minimum: (value, expected, { path }) =>
    fault(typeof value === "number" && value < Number(expected), path, "is too small"),
  maximum: (value, expected, { path }) =>
    fault(typeof value === "number" && value > Number(expected), path, "is too large"),
  minLength: (value, expected, { path }) => fault(String(value).length < Number(expected), path, "is too short"),
  maxLength: (value, expected, { path }) => fault(String(value).length > Number(expected), path, "is too long"),
  items: (value, expected, { schemas, path }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => faultsOf(item, expected as Schema, schemas, `${path}[${index}]`))
      : [],
  required: (value, expected, { path }) =>
    isObject(value)
      ? (expected as string[]).flatMap((name) => fault(!Object.hasOwn(value, name), path, `has no ${name}`))
      : [],
  properties: (value, expected, { schemas, path }) =>
    Object.entries(expected as Record<string, Schema>).flatMap(([name, schema]) =>
      isObject(value) && Object.hasOwn(value, name) ? faultsOf(value[name], schema, schemas, `${path}.${name}`) : [],
    ),
  additionalProperties: (value, expected, { schema, schemas, path }) =>
    Object.entries(isObject(value) ? value : {})
      .filter(([name]) => !Object.hasOwn((schema["properties"] as object | undefined) ?? {}, name))
      .flatMap(([name, more]) =>
        expected === false ? [`${path} has ${name}`] : faultsOf(more, expected as Schema, schemas, `${path}.${name}`),
      ),
  oneOf: (value, expected, { schemas, path }) => {
    const fitting = (expected as Schema[]).filter((schema) => faultsOf(value, schema, schemas, path).length === 0);
    return fault(fitting.length !== 1, path, `fits ${fitting.length} of oneOf`);
  },
};
