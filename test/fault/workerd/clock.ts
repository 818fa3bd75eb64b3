/** The clock that gateway and tests read. Timers and the platform's own alarms go on as they are. */

import { vi } from "vitest";

export const HOUR = 60 * 60 * 1000;
export const DAY = 24 * HOUR;

export function setClock(ms: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: ms });
}

export function realClock(): void {
  vi.useRealTimers();
}
