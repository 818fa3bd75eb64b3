/** Reading values that may be damaged. */

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
