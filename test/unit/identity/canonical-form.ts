import { canonicalJson, parseJson } from "../../../src/identity/json.ts";

/** The canonical form of a JSON text; null if only its bytes can be compared. */
export function canonicalForm(text: string): string | null {
  const node = parseJson(text);
  return node === null ? null : canonicalJson(node);
}
