/** Times as text for people, in UTC, with their zone. */

/** `2026-11-27 09:43:07 UTC`. */
export function momentOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** `2026-11-27 09:00 UTC`. */
export function minuteOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `09:43`, where the place names the zone. */
export function timeOf(ms: number): string {
  return minuteOf(ms).slice(11, 16);
}

/** `11-27`, where the place names the zone. */
export function dayOf(ms: number): string {
  return minuteOf(ms).slice(5, 10);
}

/** A duration in its largest whole unit: `3 h`. */
export function ageOf(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

export function Moment({ ms }: { ms: number }) {
  return <time datetime={new Date(ms).toISOString()}>{momentOf(ms)}</time>;
}
