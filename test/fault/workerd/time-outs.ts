/**
 * `origin_timeout` that passes when a test says so. A time-out of a number of milliseconds that no other has distinguishes it from
 * all other timers by it; its callback still runs in the object that set it, which looks every millisecond.
 */

import { vi } from "vitest";

/** Beyond everything that a test could wait for. */
const FIRST_MS = 120_000;

let issued = FIRST_MS;
const passed = new Set<number>();

const real = globalThis.setTimeout;
vi.spyOn(globalThis, "setTimeout").mockImplementation(((callback: () => void, ms = 0, ...given: unknown[]) => {
  if (ms < FIRST_MS || ms >= issued) return Reflect.apply(real, globalThis, [callback, ms, ...given]);
  const timer = setInterval(() => {
    if (!passed.delete(ms)) return;
    clearInterval(timer);
    callback();
  }, 1);
  return timer;
}) as typeof setTimeout);

/** Milliseconds that stand for one time-out. */
export function newTimeOut(): number {
  return issued++;
}

/** Lets it pass for the attempt that waits for it, or the next one. */
export function pass(timeOutMs: number): void {
  passed.add(timeOutMs);
}

/** Takes back what nobody has waited for. */
export function recall(timeOutMs: number): void {
  passed.delete(timeOutMs);
}
