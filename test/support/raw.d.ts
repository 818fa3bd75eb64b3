/** Vite gives a file as text by this suffix. */
declare module "*?raw" {
  const text: string;
  export default text;
}

interface ImportMeta {
  /** Vite replaces a call by the modules that match, by their paths. */
  glob<T>(pattern: string, options: { eager: true }): Record<string, T>;
  glob<T>(pattern: string): Record<string, () => Promise<T>>;
}
