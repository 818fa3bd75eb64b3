/** The forms that find a record: by its request, or by its id. */

import { Csrf } from "./layout.tsx";
import { RECORDS_PATH } from "./paths.ts";
import { type Session } from "./session.ts";

interface Props {
  readonly session: Session;
  /** What a refused form had; null before the first. */
  readonly values: URLSearchParams | null;
}

export function Search({ session, values }: Props) {
  return (
    <section>
      <h2>Find a record</h2>
      <div class="sides">
        <ByRequest session={session} values={values} />
        <ById values={values} />
      </div>
    </section>
  );
}

function ByRequest({ session, values }: Props) {
  const written = (name: string): string => values?.get(name) ?? "";
  return (
    <form class="stack" method="post" action="/_oncegate/find">
      <Csrf session={session} />
      <label class="field">
        Operation
        <input
          type="text"
          name="operation"
          required
          autocomplete="off"
          placeholder="POST /v1/charges"
          value={written("operation")}
        />
      </label>
      <label class="field">
        Headers that identify the caller, one per line
        <textarea name="headers" spellcheck={false} placeholder="Authorization: Bearer …">
          {written("headers")}
        </textarea>
      </label>
      <label class="field">
        Or the SHA-256 fingerprint of the client certificate
        <input class="id" type="text" name="certificate" autocomplete="off" value={written("certificate")} />
      </label>
      <label class="field">
        Or the digest of the caller, from a log line or a list
        <input class="id" type="text" name="caller" autocomplete="off" value={written("caller")} />
      </label>
      <label class="field">
        Key
        <input type="text" name="key" required autocomplete="off" value={written("key")} />
      </label>
      <button>Find by key</button>
    </form>
  );
}

function ById({ values }: Pick<Props, "values">) {
  return (
    <form class="stack" method="get" action={RECORDS_PATH}>
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
          value={values?.get("id") ?? ""}
        />
      </label>
      <button>Find by id</button>
    </form>
  );
}
