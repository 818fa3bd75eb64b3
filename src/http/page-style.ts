/**
 * The colours and the base style of the gateway's own pages: the console and the published policy. A page's style has no character
 * that HTML escapes, so its digest equals the one that browsers compute.
 */

export type Theme = "light" | "dark";

/** The one source of colours. Text has a contrast of 4.5 to what is behind it, and marks 3 (WCAG 2.2, 1.4.3 and 1.4.11). */
export const COLOURS = {
  light: {
    back: "#f6f7f9",
    card: "#ffffff",
    ink: "#1b2430",
    soft: "#4f5b6b",
    line: "#d9dee5",
    accent: "#1a56c4",
    "on-accent": "#ffffff",
    executed: "#64748b",
    replayed: "#157038",
    joined: "#0b6f87",
    unknown: "#a34a08",
    refused: "#b91c30",
  },
  dark: {
    back: "#12161c",
    card: "#1b212a",
    ink: "#e6eaf0",
    soft: "#a3b0c0",
    line: "#323b48",
    accent: "#8ab4f8",
    "on-accent": "#10151c",
    executed: "#8695a9",
    replayed: "#4ade80",
    joined: "#38bdf8",
    unknown: "#fbbf24",
    refused: "#fc8181",
  },
} as const satisfies Record<Theme, Readonly<Record<string, string>>>;

export type Colour = keyof (typeof COLOURS)["light"];

function variables(theme: Theme): string {
  return Object.entries(COLOURS[theme])
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(" ");
}

export const BASE_STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; ${variables("light")} }
@media (prefers-color-scheme: dark) { :root { ${variables("dark")} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); overflow-wrap: anywhere; }
main, header, footer, .nav { max-width: 64rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 1.25rem 0 1rem; }
h2 { font-size: 1.125rem; margin: 0 0 0.75rem; }
h3 { font-size: 1rem; margin: 0 0 0.25rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 1rem; margin: 0 0 1rem; }
code, pre, textarea, .id { font-family: ui-monospace, monospace; font-size: 0.875rem; }
p { margin: 0 0 0.75rem; }
p:last-child { margin-bottom: 0; }
dl.facts { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: 0.25rem 1rem; margin: 0; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; min-width: 0; }
article { padding: 0.75rem 0; border-top: 1px solid var(--line); }
article p { margin: 0.25rem 0 0; }
article:target { border-left: 0.375rem solid var(--accent); padding-left: 0.75rem; }
footer { padding-top: 0.5rem; padding-bottom: 2rem; color: var(--soft); font-size: 0.875rem; }
@media (max-width: 36rem) { dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: 0.5rem; } }
`;

/** An icon within the page: no page loads anything. */
export const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%231a56c4'/%3E%3Cpath d='M6 5.5 9 3.5v9' fill='none' stroke='%23fff' stroke-width='2'/%3E%3C/svg%3E";
