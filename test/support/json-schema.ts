/** As much of JSON Schema as the operator API's description uses; an unknown keyword is a fault of the test. */

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS: ReadonlySet<string> = new Set(["description", "format", "default", "contentEncoding"]);

/** What of `value` does not fit `schema`, by its path. References are looked up in `schemas`. */
export function faultsOf(value: unknown, schema: Schema, schemas: Record<string, object>, path = "$"): string[] {
  return Object.entries(schema).flatMap(([keyword, says]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const check = CHECKS[keyword];
    if (check === undefined) throw new Error(`an unknown keyword: ${keyword}`);
    return check(value, says, { schema, schemas, path });
  });
}

interface Around {
  readonly schema: Schema;
  readonly schemas: Record<string, object>;
  readonly path: string;
}

type Check = (value: unknown, says: unknown, around: Around) => string[];

const fault = (is: boolean, path: string, message: string): string[] => (is ? [`${path} ${message}`] : []);
const typeOf = (value: unknown): string => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);
const isObject = (value: unknown): value is Record<string, unknown> => typeOf(value) === "object";

const CHECKS: Readonly<Record<string, Check>> = {
  $ref: (value, says, { schemas, path }) => {
    const name = String(says).replace("#/components/schemas/", "");
    if (schemas[name] === undefined) throw new Error(`a reference to nothing: ${String(says)}`);
    return faultsOf(value, schemas[name] as Schema, schemas, path);
  },
  type: (value, says, { path }) => {
    const types = [says].flat().map((type) => (type === "integer" ? "number" : type));
    return fault(!types.includes(typeOf(value)), path, `is ${typeOf(value)}, not ${types.join(" or ")}`);
  },
  enum: (value, says, { path }) => fault(!(says as unknown[]).includes(value), path, `is ${String(value)}`),
  const: (value, says, { path }) => fault(value !== says, path, `is not ${String(says)}`),
  pattern: (value, says, { path }) => fault(!new RegExp(String(says)).test(String(value)), path, "has another form"),
  minimum: (value, says, { path }) => fault(typeof value === "number" && value < Number(says), path, "is too small"),
  maximum: (value, says, { path }) => fault(typeof value === "number" && value > Number(says), path, "is too large"),
  minLength: (value, says, { path }) => fault(String(value).length < Number(says), path, "is too short"),
  maxLength: (value, says, { path }) => fault(String(value).length > Number(says), path, "is too long"),
  propertyNames: (value, says, { schemas, path }) =>
    Object.keys(isObject(value) ? value : {}).flatMap((name) =>
      faultsOf(name, says as Schema, schemas, `${path}.${name}`),
    ),
  minItems: (value, says, { path }) => fault(Array.isArray(value) && value.length < Number(says), path, "is too short"),
  maxItems: (value, says, { path }) => fault(Array.isArray(value) && value.length > Number(says), path, "is too long"),
  items: (value, says, { schemas, path }) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => faultsOf(item, says as Schema, schemas, `${path}[${index}]`))
      : [],
  required: (value, says, { path }) =>
    isObject(value)
      ? (says as string[]).flatMap((name) => fault(!Object.hasOwn(value, name), path, `has no ${name}`))
      : [],
  properties: (value, says, { schemas, path }) =>
    Object.entries(says as Record<string, Schema>).flatMap(([name, schema]) =>
      isObject(value) && Object.hasOwn(value, name) ? faultsOf(value[name], schema, schemas, `${path}.${name}`) : [],
    ),
  additionalProperties: (value, says, { schema, schemas, path }) =>
    Object.entries(isObject(value) ? value : {})
      .filter(([name]) => !Object.hasOwn((schema["properties"] as object | undefined) ?? {}, name))
      .flatMap(([name, more]) =>
        says === false ? [`${path} has ${name}`] : faultsOf(more, says as Schema, schemas, `${path}.${name}`),
      ),
  anyOf: (value, says, { schemas, path }) => {
    const fits = (says as Schema[]).some((schema) => faultsOf(value, schema, schemas, path).length === 0);
    return fault(!fits, path, "fits none of anyOf");
  },
  oneOf: (value, says, { schemas, path }) => {
    const fitting = (says as Schema[]).filter((schema) => faultsOf(value, schema, schemas, path).length === 0);
    return fault(fitting.length !== 1, path, `fits ${fitting.length} of oneOf`);
  },
};
