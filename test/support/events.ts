/** What a test's gateway records about its requests: log lines and the points of a dataset. */

import { onTestFinished, vi } from "vitest";
import { type KeyedEvent } from "../../src/worker/keyed-event.ts";

export interface Numbers {
  /** Every line, counted or not. */
  readonly lines: string[];
  readonly points: AnalyticsEngineDataPoint[];
  /** The binding that collects `points`. */
  readonly EVENTS: AnalyticsEngineDataset;
  /** Resolves when so many requests have been counted in all, which may be after they are answered. */
  counted(count: number): Promise<readonly KeyedEvent[]>;
}

export function collectNumbers(): Numbers {
  const lines: string[] = [];
  const points: AnalyticsEngineDataPoint[] = [];
  const keep = (line: unknown): void => void lines.push(String(line));
  const spies = [vi.spyOn(console, "log").mockImplementation(keep), vi.spyOn(console, "warn").mockImplementation(keep)];
  onTestFinished(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return {
    lines,
    points,
    EVENTS: {
      writeDataPoint: (point) => {
        if (point !== undefined) points.push(point);
      },
    },
    async counted(count) {
      for (let tries = 0; ; tries++) {
        const events = lines.map((line) => JSON.parse(line) as KeyedEvent).filter(({ event }) => event === "keyed");
        if (events.length === count) return events;
        if (tries === 2000) throw new Error(`${events.length} of ${count} requests were counted: ${lines.join("\n")}`);
        await scheduler.wait(1);
      }
    },
  };
}
