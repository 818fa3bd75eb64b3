/** What an exploration finds. Without an import, so that a process may use the type before it has loaded the code. */

export interface Exploration {
  readonly states: number;
  readonly transitions: number;
  readonly depth: number;
  /** Null where every promise holds in every state. */
  readonly violation: { readonly what: string; readonly trace: readonly string[] } | null;
}
