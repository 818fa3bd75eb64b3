/** A request as a structure that can be written badly. All text is Latin-1: one character for each byte. */

export interface Request {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** In their order; a name may be there several times. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly framing: Framing;
}

/** How the end of the body is announced. A number is a false length, by that many bytes. */
export type Framing = "length" | "chunked" | "both" | "none" | "twice" | "signed" | "chunked, badly" | number;

/** What stands for the run's own text: a key or a path that no other run has. */
export const RUN = "{run}";

/** The bytes of `request`, with `run` wherever RUN stands. */
export function bytesOf(request: Request, run: string): Buffer {
  const { method, target, version, lines, framing } = request;
  const body = request.body.replaceAll(RUN, run);
  const framed = framing === "chunked" || framing === "both" ? chunked(body) : body;
  const head = [
    `${method} ${target} ${version}`,
    ...[...lines, ...framingLines(framing, body.length)].map(([name, value]) => `${name}:${value}`),
  ].join("\r\n");
  return Buffer.from(`${head.replaceAll(RUN, run)}\r\n\r\n${framed}`, "latin1");
}

function chunked(body: string): string {
  return `${body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`;
}

function framingLines(framing: Framing, length: number): readonly (readonly [string, string])[] {
  if (typeof framing === "number") return [["Content-Length", String(Math.max(0, length + framing))]];
  switch (framing) {
    case "length":
      return [["Content-Length", String(length)]];
    case "chunked":
      return [["Transfer-Encoding", "chunked"]];
    case "chunked, badly":
      return [["Transfer-Encoding", "xchunked"]];
    case "both":
      return [
        ["Content-Length", String(length)],
        ["Transfer-Encoding", "chunked"],
      ];
    case "twice":
      return [
        ["Content-Length", String(length)],
        ["Content-Length", String(length + 1)],
      ];
    case "signed":
      return [["Content-Length", `+${length}`]];
    case "none":
      return [];
  }
}
