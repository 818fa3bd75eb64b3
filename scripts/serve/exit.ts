/** The exit codes of `npm run serve`. 2, where something is not possible, is that of every script. */
export const EXIT = { done: 0, faults: 1, inUse: 3, cut: 4, endedByItself: 5 } as const;
