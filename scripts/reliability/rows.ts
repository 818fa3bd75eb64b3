/** The words beside the numbers of docs/reliability.md. */

/** The worlds of test/model/world.ts. */
export const SMALL_WORLDS: Readonly<Record<string, string>> = {
  retry: "retry, with a policy that changes",
  probe: "probe",
  hold: "hold",
  callers: "other callers and bodies",
  upload: "bodies that arrive in pieces",
  "upload after a probe": "bodies that arrive after a probe",
  writes: "writes that fail",
  operator: "an operator, and a newer version",
  chunks: "chunks of a large answer",
  clock: "odd alarms, and a clock that is set back",
};

/** The files of test/fault that count points. */
export const FAULTS: Readonly<Record<string, string>> = {
  crash:
    "the process dies before and after each commit and each effect, each chunk of a stream included, fresh and in a second attempt, for each `on_unknown`",
  eviction:
    "the object is evicted at each of these points, at storage operations of each scenario, and while a body arrives: every response and record is that of a run without eviction",
  storage:
    "each storage operation in turn throws, throws from then on, dies before or after it, or fails to commit, in scenarios with and without streams and large bodies",
  alarms: "alarms early, late, twice, beside a request, failing, failing for the last time, in every state",
  damage: "the bytes of a record, or of a part of its response, are damaged on the disk (bare runtime)",
  clock: "the clock jumps an hour or 40 days, ahead or back, and is corrected or not, in every state",
  origin:
    "the origin closes or resets at each stage of its response, sends an invalid one, or none (real sockets, bare runtime)",
  client: "the client resets, closes or half-closes at each stage (real sockets)",
  disk: "the disk fills up under load (a small tmpfs; none where a mount is refused), each key requested again after kill -9",
  overload: "2,000 keys at once, and 1,500 requests at once for one key",
};

/** The counts of test/crash, by their label. */
export const CRASH_ROWS = [
  ["kills", "kills"],
  ["kills while attempts ran", "killsWhileRunning"],
  ["attempts that a kill cut off", "attemptsKilled"],
  ["keys", "keys"],
  ["requests of clients", "requests"],
  ["requests that reached the origin", "sentToOrigin"],
  ["executions", "executions"],
  ["responses repeated after a restart", "replayedAfterRestart"],
  ["keys left unknown only by a kill", "unknownByKill"],
  ["unknown keys that a probe settled", "settledByProbe"],
  ["seconds", "seconds"],
  ["**violations**", "violations"],
] as const;

export function inEnglish(count: number): string {
  return count.toLocaleString("en");
}
