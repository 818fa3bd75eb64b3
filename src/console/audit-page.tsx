/** The audit log: what operators did, newest first. */

import { type AuditLine } from "../journal/audit.ts";
import { doneText, givenText, whoText } from "./audit-texts.ts";
import { Part } from "./entries.tsx";
import { Alert } from "./layout.tsx";
import { type Fields, withQuery } from "./list-query.ts";
import { AUDIT_PATH, recordPath } from "./paths.ts";
import { RANGES, RANGE_NAMES } from "./ranges.tsx";
import { Moment } from "./times.tsx";

export interface AuditProps {
  readonly message: string | null;
  readonly fields: Fields;
  /** Null if the journal does not answer, or was not asked. */
  readonly lines: readonly AuditLine[] | null;
  /** The number of the last line, where there are more; null otherwise. */
  readonly nextBefore: number | null;
  readonly isWide: boolean;
}

export function AuditPage({ message, fields, lines, nextBefore, isWide }: AuditProps) {
  return (
    <>
      <Alert message={message} />
      <section>
        <AuditFilter fields={fields} />
      </section>
      {lines === null ? null : (
        <section>
          <p class="soft">{lines.length === 0 ? "None." : `${lines.length} lines, newest first.`}</p>
          {lines.map((line) => (
            <Line line={line} isWide={isWide} />
          ))}
          {nextBefore === null ? null : (
            <p>
              <a href={withQuery(AUDIT_PATH, { ...fields, before: String(nextBefore) })}>Next page</a>
            </p>
          )}
        </section>
      )}
    </>
  );
}

function AuditFilter({ fields }: { fields: Fields }) {
  return (
    <form class="filter" method="get" action={AUDIT_PATH}>
      <label class="field">
        Record id
        <input class="id" type="text" name="record" autocomplete="off" value={fields["record"] ?? ""} />
      </label>
      <label class="field">
        Time
        <select name="range">
          <option value="">any</option>
          {RANGE_NAMES.map((name) => (
            <option value={name} selected={fields["range"] === name}>{`the last ${RANGES[name].label}`}</option>
          ))}
        </select>
      </label>
      <div class="end">
        <button>Filter</button>
        {Object.keys(fields).length === 0 ? null : <a href={AUDIT_PATH}>Remove the filter</a>}
      </div>
    </form>
  );
}

function Line({ line, isWide }: { line: AuditLine; isWide: boolean }) {
  const given = givenText(line.given);
  return (
    <div class="entry">
      <h3>
        <span>
          {line.action} by {whoText(line)}
        </span>
      </h3>
      <dl class="line">
        <Part label="At">
          <Moment ms={line.atMs} />
        </Part>
        {isWide ? <Part label="Hostname">{line.hostname}</Part> : null}
        <Part label="Record">
          <a class="id" href={recordPath(line.record)}>
            {line.record.slice(0, 16)}…
          </a>
        </Part>
        <Part label="Result">{doneText(line)}</Part>
        {line.why === "" ? null : <Part label="Reason">{line.why}</Part>}
        {given === "" ? null : <Part label="Given">{given}</Part>}
        <Part label="Line">{line.seq}</Part>
      </dl>
    </div>
  );
}
