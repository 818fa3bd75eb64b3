/** The console's stylesheet. It contains no character that HTML escapes, so its digest equals the one that browsers compute. */
export const STYLE = `
:root {
  color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif;
  --back: #f6f7f9; --card: #ffffff; --ink: #1b2430; --soft: #586474; --line: #d9dee5; --accent: #1d5fd1; --on-accent: #ffffff;
  --executed: #94a3b8; --replayed: #15803d; --joined: #0e8fb0; --unknown: #d97706; --refused: #c2263a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12161c; --card: #1b212a; --ink: #e6eaf0; --soft: #9aa7b8; --line: #323b48; --accent: #8ab4f8; --on-accent: #10151c;
    --executed: #64748b; --replayed: #4ade80; --joined: #38bdf8; --unknown: #fbbf24; --refused: #f87171;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); overflow-wrap: anywhere; }
main, header, footer { max-width: 64rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; padding-top: 1rem; }
header p { margin: 0; color: var(--soft); }
header .name { flex: 1 1 12rem; font-weight: 600; }
footer { padding-top: 0.5rem; padding-bottom: 2rem; color: var(--soft); font-size: 0.875rem; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 1.5rem 0 1rem; }
h2 { font-size: 1.125rem; margin: 0 0 0.75rem; }
h3 { font-size: 1rem; margin: 0 0 0.25rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 1rem; margin: 0 0 1rem; }
code, pre, textarea, .id { font-family: ui-monospace, monospace; font-size: 0.875rem; }
pre { margin: 0.5rem 0 0; padding: 0.5rem 0.75rem; border-radius: 0.375rem; background: var(--back); overflow-x: auto; }
p { margin: 0 0 0.75rem; }
p:last-child { margin-bottom: 0; }
.soft { color: var(--soft); }
.alert { border-left: 0.375rem solid var(--refused); }
.observed { border-left: 0.375rem solid var(--replayed); }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; margin: 0 0 1rem; }
.numbers div { display: flex; flex-direction: column; justify-content: space-between; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; }
.numbers dt { color: var(--soft); font-size: 0.875rem; }
.numbers dd { margin: 0; font-size: 1.75rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
dl.facts { display: grid; grid-template-columns: minmax(8rem, 12rem) 1fr; gap: 0.25rem 1rem; margin: 0; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; }
.chart { display: grid; grid-template-columns: auto 1fr; gap: 0.25rem 0.5rem; color: var(--soft); font-size: 0.75rem; font-variant-numeric: tabular-nums; }
.chart .scale { display: flex; flex-direction: column; justify-content: space-between; text-align: right; line-height: 1; }
.chart svg { width: 100%; height: 11rem; display: block; border-bottom: 1px solid var(--line); border-top: 1px dashed var(--line); }
.chart .hours { grid-column: 2; display: grid; grid-template-columns: repeat(4, 1fr); }
.executed { fill: var(--executed); background: var(--executed); }
.replayed { fill: var(--replayed); background: var(--replayed); }
.joined { fill: var(--joined); background: var(--joined); }
.unknown { fill: var(--unknown); background: var(--unknown); }
.refused { fill: var(--refused); background: var(--refused); }
ul.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; list-style: none; margin: 0 0 0.75rem; padding: 0; font-size: 0.875rem; }
.legend span { display: inline-block; width: 0.75rem; height: 0.75rem; border-radius: 0.125rem; margin-right: 0.375rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 0.25rem 0.75rem 0.25rem 0; border-top: 1px solid var(--line); font-weight: normal; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
thead th { color: var(--soft); border-top: 0; }
tfoot th, tfoot td { font-weight: 600; }
details { margin-top: 0.5rem; }
summary { cursor: pointer; color: var(--accent); width: fit-content; padding: 0.25rem 0; }
.entry { border-top: 1px solid var(--line); padding: 0.75rem 0; }
.entry:first-of-type { border-top: 0; padding-top: 0; }
.entry p { margin: 0; }
.entry:last-child { padding-bottom: 0; }
form.stack { display: grid; align-content: start; gap: 0.75rem; max-width: 40rem; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem 2rem; }
.field { display: grid; gap: 0.25rem; }
.field .soft { font-size: 0.875rem; }
input, textarea, button { font: inherit; color: inherit; }
input[type=text], input[type=password], input[type=number], textarea { width: 100%; padding: 0.4rem 0.6rem; border: 1px solid var(--soft); border-radius: 0.375rem; background: var(--card); }
input[type=number] { max-width: 8rem; }
::placeholder { color: var(--soft); opacity: 1; }
textarea { min-height: 5rem; resize: vertical; }
fieldset { border: 1px solid var(--line); border-radius: 0.375rem; margin: 0; padding: 0.5rem 0.75rem; min-width: 0; display: grid; gap: 0.5rem; }
legend { color: var(--soft); font-size: 0.875rem; padding: 0 0.25rem; }
label.choice { display: grid; grid-template-columns: auto 1fr; gap: 0 0.5rem; align-items: baseline; }
.answer { display: none; gap: 0.75rem; padding-left: 1.5rem; }
form:has(input[value=final]:checked) .answer { display: grid; }
button { justify-self: start; padding: 0.4rem 1rem; border: 1px solid var(--accent); border-radius: 0.375rem; background: var(--accent); color: var(--on-accent); cursor: pointer; }
button.quiet { background: transparent; color: var(--accent); }
button.act { display: none; }
form:has(input[value=final]:checked) .act-final, form:has(input[value=not-executed]:checked) .act-not-executed,
form:has(input[value=release]:checked) .act-release, form:has(input[value=purge]:checked) .act-purge { display: block; }
ol.timeline { margin: 0; padding: 0; list-style: none; }
ol.timeline li { border-left: 2px solid var(--line); padding: 0 0 0.75rem 1rem; }
ol.timeline li:last-child { padding-bottom: 0; }
.state { font-weight: 600; }
@media (max-width: 36rem) {
  dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: 0.5rem; }
  .numbers { grid-template-columns: 1fr 1fr; gap: 0.5rem; }
}
`;
