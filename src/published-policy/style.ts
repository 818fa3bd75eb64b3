/** The style of the page. It has no character that HTML would escape, so its digest is the one that browsers compute. */
export const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 52rem; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.2; }
h2 { margin-top: 2.5rem; font-size: 1.25rem; }
h3 { margin: 0 0 0.25rem; font-size: 1rem; }
code { font-family: ui-monospace, monospace; font-size: 0.95em; }
dl { display: grid; grid-template-columns: minmax(10rem, 15rem) 1fr; gap: 0.25rem 1rem; }
dt { color: GrayText; }
dd { margin: 0; }
article { padding: 0.75rem 0; border-top: 1px solid color-mix(in srgb, currentcolor 20%, transparent); }
article:target { background: color-mix(in srgb, currentcolor 8%, transparent); }
article p { margin: 0.25rem 0 0; }
a { color: inherit; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; } }
`;
