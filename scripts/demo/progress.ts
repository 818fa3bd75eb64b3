// Shows the progress of a storm: one updated line in a terminal, or a line for each fifth in a log.

export type Output = { readonly isTTY?: boolean; readonly write: (text: string) => unknown };

export type Progress = { readonly step: (requests: number) => void };

const BAR_WIDTH = 20;
const LOG_LINES = 5;

/** Call `step` once for each of the `total` payments, with its number of requests. */
export function showProgress(output: Output, title: string, total: number): Progress {
  let done = 0;
  let requests = 0;
  return {
    step: (more) => {
      done += 1;
      requests += more;
      const text = `${title.padEnd(22)} ${bar(done / total)} ${done}/${total} payments, ${requests} requests`;
      if (output.isTTY === true) output.write(`\r${text}${done === total ? "\n" : ""}`);
      else if (done % Math.ceil(total / LOG_LINES) === 0 || done === total) output.write(`${text}\n`);
    },
  };
}

function bar(share: number): string {
  const filled = Math.round(share * BAR_WIDTH);
  return `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
}
