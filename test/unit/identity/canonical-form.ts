import { canonicalJson, readJson } from "../../../src/identity/json.ts";

/** The canonical form of a JSON text; null where only its bytes can be compared. */
export function canonicalForm(text: string): string | null {
  const node = readJson(text);
  return node === null ? null : canonicalJson(node);
}
