import { expect, test } from "vitest";
import { type LogQueries } from "../../../src/operator/log-queries.ts";
import { collectNumbers } from "../../support/events.ts";
import { uniqueKey } from "../../support/gateway.ts";
import { TOKEN, callerDigest, idOf, operatorOf } from "../../support/operator.ts";
import { scriptOrigin } from "../../support/origin.ts";

const PATH = "/v1/charges";

interface Found {
  readonly id: string;
  readonly state: string;
  readonly caller_digest: string;
  readonly key_digest: string;
  readonly log: LogQueries;
}

/** A key whose record was released, what a search finds then, and what was logged of its two requests and one of another key. */
async function released() {
  const numbers = collectNumbers();
  const origin = scriptOrigin(() => new Response("?", { status: 502 }));
  const operator = operatorOf({}, {}, { OPERATOR_TOKEN: TOKEN, EVENTS: numbers.EVENTS });
  const key = uniqueKey();
  await operator.client.post(PATH, { key });
  await operator.client.post(PATH, { key });
  await operator.client.post(PATH, { key: uniqueKey() });
  const events = await numbers.counted(3);
  const id = await idOf(key, PATH);
  await operator.post(`/records/${id}/release`, { why: "a test" });
  const asked = { operation: `POST ${PATH}`, headers: { authorization: "Bearer alice" }, key };
  const found = await (await operator.post("/records/find", asked)).json<Found>();
  return { numbers, origin, events, id, key, found };
}

test("O2.3 a search shows the digests that the log lines of such requests have", async () => {
  const { events, found } = await released();
  const { caller_digest, key_digest } = found;
  expect(caller_digest).toBe(await callerDigest());
  expect(events.slice(0, 2)).toMatchObject([
    { caller_digest, key_digest },
    { caller_digest, key_digest },
  ]);
  expect(events[2]?.key_digest).not.toBe(key_digest);
});

test("O2.3 the query of the log selects the lines of the record, among all others", async () => {
  const { numbers, events, id, found } = await released();
  const query = /^jq -cR 'fromjson\? \| objects \| select\(\(\.(\w+) \/\/ ""\) \| startswith\("(\w+)"\)\)'$/;
  const [, field = "", digits = ""] = query.exec(found.log.jq) ?? [];
  expect(digits).toBe(id.slice(0, 16));
  const fields = numbers.lines.map((line): unknown => Reflect.get(Object(JSON.parse(line)), field));
  const selected = fields.filter((value) => typeof value === "string" && value.startsWith(digits));
  expect(new Set(selected)).toEqual(new Set([id]));
  expect(events.map(({ record }) => String(record).startsWith(digits))).toEqual([true, true, false]);
});

test("O2.3 the query of Analytics Engine names the columns of the points", async () => {
  const { numbers, events, id, found } = await released();
  const { sql } = found.log;
  const valueOf = (column: string, { blobs = [], doubles = [] }: AnalyticsEngineDataPoint): unknown => {
    const [, kind, number] = /^(blob|double)(\d+)$/.exec(column) ?? [];
    return (kind === "blob" ? blobs : doubles)[Number(number) - 1];
  };
  const columns = [...sql.matchAll(/(\w+) AS (\w+)/g)].map(([, column = "", name = ""]) => [column, name] as const);
  expect(columns.map(([, name]) => name)).toEqual(["decision", "code", "outcome", "status"]);
  for (const [index, event] of events.entries()) {
    const point = numbers.points[index] ?? {};
    for (const [column, name] of columns)
      expect([name, valueOf(column, point)]).toEqual([name, Reflect.get(event, name)]);
  }
  const [, column = "", digits = ""] = /WHERE (\w+) LIKE '(\w+)%'/.exec(sql) ?? [];
  expect(digits).toBe(id.slice(0, 16));
  expect(numbers.points.map((point) => String(valueOf(column, point)).startsWith(digits))).toEqual([true, true, false]);
});
