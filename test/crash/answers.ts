// What the origin answers, and how it hands that over.

import { type ServerResponse } from "node:http";
import { digestOf, type Entry, type OriginAnswer, stamp } from "./history.ts";
import { type AnswerPlan, type Rejection, type Treatment } from "./origin-plan.ts";

export type PlannedAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

/** Names the execution, so that every answer can be traced to the one that made it. */
export function answerOf(
  plan: AnswerPlan,
  id: string,
  about: { readonly record: string; readonly amount: number },
): PlannedAnswer {
  const { record, amount } = about;
  const text = JSON.stringify({ id, record, amount, receipt: receipt(id, plan.bytes) });
  return { status: plan.status, headers: { "content-type": "application/json" }, body: Buffer.from(text) };
}

export function rejectionOf({ status, headers }: Rejection): PlannedAnswer {
  return { ...plain(status, "rejected"), headers };
}

/** No two are the same, so none can be taken for another one's. */
export function plain(status: number, text: string): PlannedAnswer {
  return { status, headers: {}, body: Buffer.from(`${text} (${stamp()})`) };
}

/** Different everywhere, so that pieces of it that are left out, doubled or put in another order make another digest. */
function receipt(id: string, bytes: number): string {
  let text = "";
  for (let line = 0; text.length < bytes; line += 1) text += `${id} line ${line};`;
  return text.slice(0, bytes);
}

/** Hands the answer of a charge over, or fails to. */
export function deliver(entry: Entry, response: ServerResponse, whole: PlannedAnswer, kind: Treatment["kind"]): void {
  switch (kind) {
    case "answers":
    case "conflicts":
      entry.outcome = "final";
      return send(entry, response, whole);
    case "bad gateway":
      return send(entry, response, plain(502, "bad gateway"));
    case "resets":
      return void response.destroy();
    case "cuts":
      entry.answer = noteOf(whole);
      response.writeHead(whole.status, { ...whole.headers, "content-length": whole.body.byteLength });
      response.write(whole.body.subarray(0, whole.body.byteLength / 2), () => response.destroy());
      return;
    case "rejects":
      throw new Error("a rejected request was executed");
  }
}

export function send(entry: Entry, response: ServerResponse, planned: PlannedAnswer): void {
  entry.answer = noteOf(planned);
  response.writeHead(planned.status, { ...planned.headers, "content-length": planned.body.byteLength });
  response.end(planned.body);
}

export function noteOf({ status, body }: PlannedAnswer): OriginAnswer {
  return { status, digest: digestOf(body), bytes: body.byteLength };
}
