// Pseudo-random numbers from a seed, so that a storm can be repeated. Not for secrets.

export type Random = {
  /** From `min` to `max`, inclusive. */
  readonly integer: (min: number, max: number) => number;
  /** True with a probability of `percent`. */
  readonly chance: (percent: number) => boolean;
  readonly hex: (digits: number) => string;
};

/** mulberry32 (Tommy Ettinger): 32 bits of state, more than enough for a few thousand draws. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    integer,
    chance: (percent) => next() * 100 < percent,
    hex: (digits) => Array.from({ length: digits }, () => integer(0, 15).toString(16)).join(""),
  };
}
