/** The path at which the origin is asked about a key. */

const PLACEHOLDER = "{key}";

/**
 * `template` with `key` in place of `{key}`. Null where the URL would be another one than was written: a key like `..`
 * would ask at the path above.
 */
export function probePath(template: string, key: string): string | null {
  const path = template.replace(PLACEHOLDER, () => encode(key));
  const url = new URL(`http://origin.invalid${path}`);
  return url.pathname + url.search === path ? path : null;
}

/** Whether `template` is a path with one place for the key. */
export function isProbeTemplate(template: string): boolean {
  return /^\/(?!\/)/.test(template) && template.split(PLACEHOLDER).length === 2 && probePath(template, "key") !== null;
}

/** Also what `encodeURIComponent` leaves, since some of it means something in a query. */
function encode(key: string): string {
  return encodeURIComponent(key).replaceAll(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
