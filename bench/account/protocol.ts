/** What the command and its probe Worker exchange. No imports: the probe is bundled with it. */

/** The regions in which the platform can be asked to create an object. */
export const LOCATIONS = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;
export type Location = (typeof LOCATIONS)[number];

/**
 * `named`: the first use of an object that has a name, as each new key has. `unique`: that of an object by `newUniqueId`, which
 * needs no check of its name. `warm`: the second call of a named object, as a retry makes.
 */
export const CALLS = ["named", "unique", "warm"] as const;
export type Call = (typeof CALLS)[number];

/** Rounds in one request to the Worker. Each makes five calls, and the free plan allows 50 for a request. */
export const ROUNDS_MAX = 8;

export interface Sample {
  readonly call: Call;
  readonly ms: number;
  /** The data centers of the Worker and of the object, by their airport codes. */
  readonly workerAt: string;
  readonly objectAt: string;
}

export const UNKNOWN_PLACE = "?";
