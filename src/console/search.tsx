/** The forms that find a record: by its request, or by its id. */

import { Csrf } from "./layout.tsx";
import { type Session } from "./session.ts";

export function Search({ session }: { session: Session }) {
  return (
    <section>
      <h2>Find a record</h2>
      <div class="sides">
        <form class="stack" method="post" action="/_oncegate/find">
          <Csrf session={session} />
          <label class="field">
            Operation
            <input type="text" name="operation" required autocomplete="off" placeholder="POST /v1/charges" />
          </label>
          <label class="field">
            Headers that identify the caller, one per line
            <textarea name="headers" spellcheck={false} placeholder="Authorization: Bearer …"></textarea>
          </label>
          <label class="field">
            Or the SHA-256 fingerprint of the client certificate
            <input class="id" type="text" name="certificate" autocomplete="off" />
          </label>
          <label class="field">
            Or the digest of the caller, from a log line or a list
            <input class="id" type="text" name="caller" autocomplete="off" />
          </label>
          <label class="field">
            Key
            <input type="text" name="key" required autocomplete="off" />
          </label>
          <button>Find by key</button>
        </form>
        <form class="stack" method="get" action="/_oncegate/records">
          <label class="field">
            Record id, or its first 16 digits or more
            <input
              class="id"
              type="text"
              name="id"
              required
              pattern="[0-9a-fA-F]{16,64}"
              autocomplete="off"
              title="16 to 64 hexadecimal digits"
            />
          </label>
          <button>Find by id</button>
        </form>
      </div>
    </section>
  );
}
