import { expect, test } from "vitest";
import { type KeptRecord } from "../../../src/key-object/kept-record.ts";
import { Readers } from "../../../src/key-object/readers.ts";
import { type Found } from "../../../src/key-object/record-store.ts";
import { replayKept } from "../../../src/key-object/replay-kept.ts";
import { type StoredBody } from "../../../src/key-object/stored-body.ts";
import { streamOf } from "../../unit/http/streams.ts";
import { completed } from "../../unit/record/examples.ts";

const IDLE_MS = 60_000;

/** Replays an answer whose body is stored so, for a record that `readersMax` may read at once. */
function replaying(body: StoredBody, readersMax: number) {
  const readers = new Readers(readersMax);
  const kept = { readers, body: () => body.inline ?? streamOf(["ok"]) } as unknown as KeptRecord;
  const found: Found = { record: completed, tenant: "api.test", body };
  return () => replayKept(kept, completed, found, IDLE_MS);
}

test("an answer in chunks is refused where too many read already, and replayed when one has left", async () => {
  const replay = replaying({ inline: null, chunks: 1 }, 1);
  const first = replay();
  expect(first).toMatchObject({ kind: "answer", mark: { status: "replayed" } });
  expect(replay()).toMatchObject({ kind: "refusal", code: "unavailable", mark: { status: "refused" } });
  if (first.kind === "answer" && first.body instanceof ReadableStream) await first.body.cancel();
  expect(replay()).toMatchObject({ kind: "answer" });
});

test("an answer in the record's own value has no reader, however many ask", () => {
  const replay = replaying({ inline: new Uint8Array(2), chunks: 0 }, 0);
  expect(replay()).toMatchObject({ kind: "answer", mark: { status: "replayed" } });
});
