/** The platform's alarm: at least once, never before its time by the platform's own clock, and again after an error. */

import { type Host } from "./host.ts";
import { type Process } from "./process.ts";
import { type Timer } from "./scheduler.ts";
import { ROOT, type Sim, count, objectNowMs } from "./sim.ts";

/** The first pause after an error. Each one is twice as long as the one before. */
const RETRY_MS = 2_000;

const RETRIES_MAX = 6;

/** The platform is late by this, where it is late. */
const LATE_MS = [0, 0, 0, 1_000, 60_000] as const;

export class Alarms {
  readonly #host: Host;
  readonly #sim: () => Sim;
  #planned: { readonly atMs: number; readonly timer: Timer } | null = null;
  #running: { readonly process: Process; readonly atMs: number } | null = null;
  #failed: { readonly atMs: number; readonly times: number } | null = null;

  constructor(host: Host, sim: () => Sim) {
    this.#host = host;
    this.#sim = sim;
  }

  /** The disk has changed. */
  look(): void {
    const { alarmMs } = this.#host.disk;
    if (alarmMs === (this.#planned?.atMs ?? null)) return;
    const { scheduler, choices, isHealed, skewMs } = this.#sim();
    if (this.#planned !== null) scheduler.clear(this.#planned.timer);
    this.#planned = null;
    if (alarmMs === null || this.#running?.atMs === alarmMs) return;
    // One machine has one clock. What is planned stays planned when that is set.
    const lateMs = isHealed ? 0 : choices.pick(LATE_MS);
    this.#plan(alarmMs, Math.max(0, alarmMs - scheduler.nowMs - skewMs) + lateMs);
  }

  #plan(atMs: number, delayMs: number): void {
    const timer = this.#sim().scheduler.timer(ROOT, delayMs, () => {
      this.#planned = null;
      this.#fire(atMs);
    });
    this.#planned = { atMs, timer };
  }

  /** What its alarm has not finished, the platform does again. */
  processEnded(): void {
    this.#running = null;
    this.look();
  }

  #fire(atMs: number): void {
    if (this.#host.disk.alarmMs !== atMs || this.#running !== null) return;
    const process = this.#host.current();
    // The object has another time already, which is not durable yet. Its commit plans it.
    if (process.storage.alarmMs !== atMs) return;
    this.#running = { process, atMs };
    process.storage.firingMs = atMs;
    const retryCount = this.#failed?.atMs === atMs ? this.#failed.times : 0;
    this.#run(process, atMs, retryCount).then(
      () => this.#succeeded(process, atMs),
      () => this.#hasFailed(process, atMs, retryCount),
    );
  }

  async #run(process: Process, atMs: number, retryCount: number): Promise<void> {
    const { scheduler } = this.#sim();
    scheduler.current = process;
    const open = process.open(() => {});
    try {
      await process.object.alarm({ scheduledTime: atMs, retryCount, isRetry: retryCount > 0 });
    } finally {
      open.close();
    }
  }

  #succeeded(process: Process, atMs: number): void {
    if (this.#running?.process !== process) return;
    this.#running = null;
    this.#failed = null;
    process.storage.endAlarm(atMs);
  }

  #hasFailed(process: Process, atMs: number, retryCount: number): void {
    if (this.#running?.process !== process) return;
    this.#running = null;
    process.storage.firingMs = null;
    if (process.storage.alarmMs !== atMs) return this.look();
    count(this.#sim(), "alarm failed");
    if (retryCount === RETRIES_MAX) return process.storage.endAlarm(atMs);
    this.#failed = { atMs, times: retryCount + 1 };
    this.#plan(atMs, RETRY_MS * 2 ** retryCount);
  }

  /** The handler runs though it should not: before its time, or once more. */
  fireExtra(): void {
    const { disk } = this.#host;
    if (this.#running !== null) return;
    const process = this.#host.current();
    if (process.storage.firingMs !== null) return;
    const nowMs = objectNowMs(this.#sim());
    // A time that has not come would only show that the clock is behind.
    const scheduledTime = Math.min(disk.alarmMs ?? nowMs, nowMs);
    void this.#run(process, scheduledTime, 0).catch(() => {
      // The platform would do it again. Its alarm is there.
    });
  }
}
