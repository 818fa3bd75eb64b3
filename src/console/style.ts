/** The console's stylesheet: the base of all pages, and what only the console has. */

import { BASE_STYLE } from "../http/page-style.ts";

export const STYLE = `${BASE_STYLE}
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; padding: 0.25rem 0.5rem; background: var(--card); }
header { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; padding-top: 1rem; }
header .name { flex: 1 1 14rem; }
.who { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; align-items: center; color: var(--soft); font-size: 0.875rem; }
.hosts { display: inline-block; position: relative; margin: 0 0 0 0.5rem; }
.hosts .menu { position: absolute; z-index: 1; left: 0; width: max-content; max-width: 80vw; max-height: 60vh; overflow: auto; padding: 0.75rem 1rem; background: var(--card); border: 1px solid var(--soft); border-radius: 0.5rem; }
.hosts ul { list-style: none; margin: 0; padding: 0; }
.nav { margin-top: 0.75rem; }
.nav ul { display: flex; flex-wrap: wrap; gap: 0 0.25rem; list-style: none; margin: 0; padding: 0; border-bottom: 1px solid var(--line); }
.nav a { display: block; padding: 0.4rem 0.6rem; border-bottom: 3px solid transparent; text-decoration: none; }
.nav a:hover { text-decoration: underline; }
.nav a[aria-current] { border-bottom-color: var(--accent); color: var(--ink); font-weight: 600; }
.ranges { display: flex; gap: 0.5rem; margin: 0 0 1rem; }
.ranges a { padding: 0.15rem 0.75rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--card); text-decoration: none; }
.ranges a[aria-current] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
pre { margin: 0.5rem 0 0; padding: 0.5rem 0.75rem; border-radius: 0.375rem; background: var(--back); overflow-x: auto; }
pre.body { white-space: pre-wrap; max-height: 30rem; overflow-y: auto; }
.soft { color: var(--soft); }
.alert { border-left: 0.375rem solid var(--refused); }
.done { border-left: 0.375rem solid var(--replayed); }
.hold, .open { border-left: 0.375rem solid var(--unknown); }
main .hold { margin-top: 1rem; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; margin: 0 0 1rem; }
.numbers div { display: flex; flex-direction: column; justify-content: space-between; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; }
.numbers dt { color: var(--soft); font-size: 0.875rem; }
.numbers dd { margin: 0; font-size: 1.75rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
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
section details:first-child { margin-top: 0; }
summary { cursor: pointer; color: var(--accent); width: fit-content; padding: 0.25rem 0; }
.entry { border-top: 1px solid var(--line); padding: 0.75rem 0; }
.entry:first-of-type { border-top: 0; padding-top: 0; }
.entry p { margin: 0; }
.entry:last-child { padding-bottom: 0; }
.entry details p { margin: 0.5rem 0 0; }
.entry h3 { display: flex; flex-wrap: wrap; gap: 0 0.75rem; align-items: baseline; }
dl.line { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0; font-size: 0.875rem; }
dl.line div { display: flex; gap: 0.375rem; min-width: 0; }
dl.line dt { color: var(--soft); flex: none; }
dl.line dd { margin: 0; min-width: 0; }
form.stack { display: grid; align-content: start; gap: 0.75rem; max-width: 40rem; }
form.stack + .entry { margin-top: 1rem; }
form.filter { margin-top: 0.5rem; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 12rem), 1fr)); gap: 0.75rem; align-items: end; }
form.filter details, form.filter .end { grid-column: 1 / -1; margin: 0; }
form.filter details div { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)); gap: 0.75rem; align-items: end; }
.end { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1rem 2rem; }
.field { display: grid; gap: 0.25rem; }
.field .soft { font-size: 0.875rem; }
input, textarea, button, select { font: inherit; color: inherit; }
input[type=text], input[type=password], input[type=number], textarea, select { width: 100%; padding: 0.4rem 0.6rem; border: 1px solid var(--soft); border-radius: 0.375rem; background: var(--card); }
input[type=number] { max-width: 8rem; }
::placeholder { color: var(--soft); opacity: 1; }
textarea { min-height: 5rem; resize: vertical; }
fieldset { border: 1px solid var(--line); border-radius: 0.375rem; margin: 0; padding: 0.5rem 0.75rem; min-width: 0; display: grid; gap: 0.5rem; }
fieldset.columns { grid-template-columns: repeat(auto-fill, minmax(min(100%, 14rem), 1fr)); gap: 0.75rem; align-items: end; }
legend { color: var(--soft); font-size: 0.875rem; padding: 0 0.25rem; }
label.choice { display: grid; grid-template-columns: auto 1fr; gap: 0 0.5rem; align-items: baseline; }
.answer, .confirm { display: none; gap: 0.75rem; padding-left: 1.5rem; }
form:has(input[value=final]:checked) .answer, form:has(input[value=release]:checked) .confirm { display: grid; }
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
  .numbers { grid-template-columns: 1fr 1fr; gap: 0.5rem; }
  header, main, footer, .nav { padding-left: 0.75rem; padding-right: 0.75rem; }
  section { padding: 0.75rem; }
  .nav a { padding: 0.4rem 0.45rem; font-size: 0.9375rem; }
  .nav ul { gap: 0; }
}
`;
