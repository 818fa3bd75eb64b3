/** Times as text for people, in UTC. */

/** `2026-11-27 09:43`. */
export function momentOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

/** `09:43`. */
export function timeOf(ms: number): string {
  return momentOf(ms).slice(11);
}

/** A duration in its largest whole unit: `3 h`. */
export function ageOf(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}
