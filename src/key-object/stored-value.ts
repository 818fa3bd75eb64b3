/** Values: their largest size, and reading those that may be damaged. */

/**
 * The platform documents 2 MB for a key and its value: this leaves 10 KB for the key and the value's own form. The open-source
 * runtime accepts more, so no test would notice a larger value.
 */
export const VALUE_BYTES_MAX = 1_990_000;

/** `bytesMax` is no less than the size of the value. All that is stored is bounded, so a larger one is a fault of this code. */
export function assertFits(bytesMax: number): void {
  if (bytesMax > VALUE_BYTES_MAX) throw new Error(`a value of ${bytesMax} bytes is too large to store`);
}

/** What `readValue` returns for stored bytes that can't be deserialized. */
export const DAMAGED: unique symbol = Symbol("damaged");

/** A key that is never written. */
const ABSENT = "absent";

/**
 * The value under `key`; undefined where there is none. The platform's error doesn't show whether the bytes are damaged or the
 * storage fails, so this reads twice: damage lasts, and is under this key alone. Throws where the storage itself fails.
 */
export function readValue(storage: DurableObjectStorage, key: string): unknown {
  try {
    return storage.kv.get(key);
  } catch {
    assertReadable(storage);
  }
  try {
    return storage.kv.get(key);
  } catch {
    return DAMAGED;
  }
}

/** Throws where the storage fails for every key. */
export function assertReadable({ kv }: DurableObjectStorage): void {
  kv.get(ABSENT);
}
