/** What the Worker's compatibility date and flags must bring. Known where the Worker starts, so a deploy without it fails. */

/** By flag: whether it must be on, and what to set where it is not so. */
const REQUIRED: Readonly<Record<string, readonly [isOn: boolean, cure: string]>> = {
  enable_ctx_exports: [
    true,
    'key objects call the app through ctx.exports: set compatibility_date to 2026-10-01 or later, or add "enable_ctx_exports" to compatibility_flags',
  ],
  durable_object_io_tasks_prevent_eviction: [
    true,
    "an object can be evicted while its attempt runs: set compatibility_date to 2026-10-01 or later",
  ],
  request_signal_passthrough: [
    false,
    'attempts would end when their client leaves: remove "request_signal_passthrough" from compatibility_flags',
  ],
};

/** Throws with the cure. A runtime that does not show its flags is not checked: there, the first request finds a missing export. */
export function requireFlags(scope: object = globalThis): void {
  const flags: unknown = Reflect.get(Object(Reflect.get(scope, "Cloudflare")), "compatibilityFlags");
  if (typeof flags !== "object" || flags === null) return;
  const cures = Object.entries(REQUIRED).flatMap(([flag, [isOn, cure]]) => {
    const value: unknown = Reflect.get(flags, flag);
    return value === undefined || value === isOn ? [] : [`  ${cure}`];
  });
  if (cures.length > 0) throw new Error(`oncegate can't run with the settings of this Worker:\n${cures.join("\n")}`);
}
