/** The form that filters a list. It is sent as a GET, so that the filter is in the URL. */

import { CAUSES, JOURNAL_STATES } from "../journal/journal-event.ts";
import { CAUSE_TEXTS, STATE_TEXTS } from "./causes.ts";
import { type Fields } from "./list-query.ts";
import { type PagePath } from "./paths.ts";
import { RANGES, RANGE_NAMES } from "./ranges.tsx";

interface Props {
  readonly path: PagePath;
  readonly fields: Fields;
  /** Whether the state can be chosen. */
  readonly hasState: boolean;
}

const RARE = [
  { name: "status", label: "Status of the origin", example: "502" },
  { name: "caller", label: "Digest of the caller", example: "64 hexadecimal digits" },
  { name: "from", label: "Since this time or later, in UTC", example: "2026-11-27T09:40:00Z" },
  { name: "to", label: "Since this time or earlier, in UTC", example: "2026-11-27T10:20:00Z" },
] as const;

export function FilterForm({ path, fields, hasState }: Props) {
  const states = JOURNAL_STATES.map((state) => [state, STATE_TEXTS[state]] as const);
  const causes = CAUSES.map((cause) => [cause, CAUSE_TEXTS[cause]] as const);
  const ranges = RANGE_NAMES.map((name) => [name, `the last ${RANGES[name].label}`] as const);
  return (
    <details open={Object.keys(fields).length > 0}>
      <summary>Filter the list</summary>
      <form class="filter" method="get" action={path}>
        {hasState ? <Choose name="state" label="State" options={states} fields={fields} /> : null}
        <Write name="operation" label="Operation" example="POST /v1/charges" fields={fields} />
        <Write name="key" label="Key" example="" fields={fields} />
        <Choose name="cause" label="Cause" options={causes} fields={fields} />
        <Choose name="range" label="Time" options={ranges} fields={fields} />
        <details open={RARE.some(({ name }) => fields[name] !== undefined)}>
          <summary>More filters</summary>
          <div>
            {RARE.map((field) => (
              <Write {...field} fields={fields} />
            ))}
          </div>
        </details>
        <div class="end">
          <button>Filter</button>
          {Object.keys(fields).length === 0 ? null : <a href={path}>Remove the filter</a>}
        </div>
      </form>
    </details>
  );
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly fields: Fields;
}

function Write({ name, label, example, fields }: FieldProps & { readonly example: string }) {
  return (
    <label class="field">
      {label}
      <input type="text" name={name} autocomplete="off" placeholder={example} value={fields[name] ?? ""} />
    </label>
  );
}

interface ChooseProps extends FieldProps {
  readonly options: readonly (readonly [value: string, text: string])[];
}

function Choose({ name, label, options, fields }: ChooseProps) {
  return (
    <label class="field">
      {label}
      <select name={name}>
        <option value="">any</option>
        {options.map(([value, text]) => (
          <option value={value} selected={fields[name] === value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
