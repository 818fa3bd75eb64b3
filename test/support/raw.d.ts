/** Vite gives a file as text by this suffix. */
declare module "*?raw" {
  const text: string;
  export default text;
}
