/** Reads the report that Stryker writes as JSON (the schema is mutation-testing-report-schema, version 2). */

/** Ends in `CompileError`, `RuntimeError`, `Ignored` or `Pending` too: this project's configuration leaves none of them. */
type Status = "Killed" | "Timeout" | "Survived" | "NoCoverage";

interface Position {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

export interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: string;
        readonly mutants: readonly {
          readonly mutatorName: string;
          readonly replacement?: string;
          readonly status: string;
          readonly location: { readonly start: Position; readonly end: Position };
        }[];
      }
    >
  >;
}

export interface MutantResult {
  readonly file: string;
  /** Line and column, both from 1. */
  readonly place: string;
  readonly status: Status;
  readonly mutator: string;
  /** The lines that it changes, without their indentation, and what it makes of them. */
  readonly line: string;
  readonly becomes: string;
  /** The line before these. */
  readonly after: string;
}

/** Throws where a mutant could not be tried: a score without it would be wrong. */
export function resultsOf({ files }: Report): MutantResult[] {
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants.map(({ mutatorName, replacement = "", status, location: { start, end } }) => {
      const place = `${start.line}:${start.column}`;
      if (!isStatus(status)) throw new Error(`${file}:${place}: a mutant ended as ${status}`);
      const head = (lines[start.line - 1] ?? "").slice(0, start.column - 1);
      const tail = (lines[end.line - 1] ?? "").slice(end.column - 1);
      return {
        file,
        place,
        status,
        mutator: mutatorName,
        line: unindent(lines.slice(start.line - 1, end.line)),
        becomes: unindent(`${head}${replacement}${tail}`.split("\n")),
        after: unindent(lines.slice(start.line - 2, start.line - 1)),
      };
    });
  });
}

export function isNoticed({ status }: MutantResult): boolean {
  return status === "Killed" || status === "Timeout";
}

function isStatus(status: string): status is Status {
  return status === "Killed" || status === "Timeout" || status === "Survived" || status === "NoCoverage";
}

function unindent(lines: readonly string[]): string {
  return lines.map((line) => line.trim()).join("\n");
}
