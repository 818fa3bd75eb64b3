/** The fault of a field that is not in the list, with the field that was probably meant. */

/** Longer names are not compared: that takes time in proportion to their length. */
const NAME_CHARACTERS_MAX = 40;

export function unknownField(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === null ? "unknown field" : `unknown field: did you mean "${nearest}"?`;
}

/** The known name with the fewest edits, if they are few enough for a typing error. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (name.length > NAME_CHARACTERS_MAX) return null;
  let editsMax = Math.min(2, Math.floor(name.length / 3));
  let nearest: string | null = null;
  for (const candidate of known) {
    const edits = editDistance(name, candidate);
    if (edits > editsMax) continue;
    nearest = candidate;
    editsMax = edits - 1;
  }
  return nearest;
}

/** Insertions, deletions and replacements of one character that turn `from` into `to` (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let above = 0; above < from.length; above++) {
    let left = above + 1;
    const next = [left];
    for (let column = 0; column < to.length; column++) {
      const replaced = (row[column] ?? 0) + (from[above] === to[column] ? 0 : 1);
      left = Math.min(left + 1, (row[column + 1] ?? 0) + 1, replaced);
      next.push(left);
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
