/** The path of a probe, which asks the origin about a key. */

const PLACEHOLDER = "{key}";

/** `template` with `key` in place of `{key}`. Null if URL parsing would change the path, as with a key like `..`. */
export function probePath(template: string, key: string): string | null {
  const path = template.replace(PLACEHOLDER, () => encode(key));
  const url = new URL(`http://origin.invalid${path}`);
  return url.pathname + url.search === path ? path : null;
}

/** Whether `template` is a path with exactly one `{key}`. */
export function isProbeTemplate(template: string): boolean {
  return /^\/(?!\/)/.test(template) && template.split(PLACEHOLDER).length === 2 && probePath(template, "key") !== null;
}

/** Also encodes the characters that `encodeURIComponent` leaves, since some have a meaning in a query. */
function encode(key: string): string {
  return encodeURIComponent(key).replaceAll(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
