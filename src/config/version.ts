/** Which version of the Worker this is: the binding `CF_VERSION_METADATA`. */

export const VERSION_METADATA = "CF_VERSION_METADATA";

/** The id of the deployed version; null where there is no such binding, as on the open-source runtime. */
export function versionOf(env: object): string | null {
  const metadata: unknown = Reflect.get(env, VERSION_METADATA);
  const isSet = typeof metadata === "object" && metadata !== null && "id" in metadata;
  return isSet && typeof metadata.id === "string" ? metadata.id : null;
}
