/** On every page of a hostname that is on hold: what is held, since when and why. */

import { type HoldView } from "../operator/holds-view.ts";

export function HoldBanner({ holds }: { holds: readonly HoldView[] }) {
  return holds.length === 0 ? null : (
    <section class="hold" aria-label="On hold">
      <p>
        <b>On hold:</b> nothing new is executed. Clients get 503 <code>on_hold</code>; replays go on.
      </p>
      <ul>
        {holds.map(({ name, reason, since, routes }) => (
          <li>
            {routes === null
              ? "All requests"
              : routes.map((route) => (route === "*" ? "all other requests" : route)).join(", ")}
            {since === null ? null : `, since ${since.slice(0, 19).replace("T", " ")} UTC`}
            {reason === null ? null : `: ${reason}`} (set by <code>{name}</code>)
          </li>
        ))}
      </ul>
    </section>
  );
}
