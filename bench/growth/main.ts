// npm run bench:growth [-- --parts records,expiries,joiners --storage memory --seconds 10 --records 0,10000,100000
//                          --expiries-per-second 300,30,3 --joiners 1000 --connections 16 --json FILE --write]
// Measures throughput and latency while records accumulate, expire, and are joined. All parts take 20 minutes.
// A million records take hours and 16 GB: npm run bench:growth -- --parts records --records 0,10000,100000,1000000 --storage disk

import { beginScript } from "../../scripts/help.ts";
import { README, fillIn } from "../support/document.ts";
import { type Facts, facts, factsLine, resultFile, writeJson } from "../support/facts.ts";
import { namesOf, numberOf, parseOptions } from "../support/options.ts";
import { STORAGES, type StorageName, createRuntime } from "../support/runtime.ts";
import { type Line, PARTS, type Part, type Settings } from "./parts.ts";
import { assertRoom } from "./room.ts";

beginScript(import.meta.filename);
const values = parseOptions({
  parts: { type: "string", default: "all" },
  storage: { type: "string", default: "memory" },
  seconds: { type: "string", default: "10" },
  connections: { type: "string", default: "16" },
  records: { type: "string", default: "0,10000,100000" },
  "expiries-per-second": { type: "string", default: "300,30,3" },
  joiners: { type: "string", default: "1000" },
});
const [storage = "memory"] = namesOf("storage", values.storage, Object.keys(STORAGES) as StorageName[]);
const settings: Settings = {
  storage,
  connections: numberOf("connections", values.connections, 1),
  seconds: numberOf("seconds", values.seconds, 1),
  records: values.records.split(",").map((text) => numberOf("records", text, 0)),
  expiriesPerSecond: values["expiries-per-second"].split(",").map((text) => numberOf("expiries-per-second", text, 0.1)),
  joiners: numberOf("joiners", values.joiners, 1),
};
const parts = namesOf("parts", values.parts, Object.keys(PARTS) as Part[]);

if (parts.includes("records")) assertRoom(STORAGES[storage], Math.max(...settings.records));

const about = facts();
const runtime = createRuntime();
try {
  const lines: Line[] = [];
  for (const part of parts) {
    console.error(`${part} ...`);
    lines.push(...(await PARTS[part](runtime, settings, (progress) => console.error(`  ${progress}`))));
  }
  const result = { facts: about, settings, lines };
  writeJson(resultFile("growth", values), result);
  const tables = tablesOf(result.facts, lines);
  console.log(tables);
  if (values.write) fillIn(README, "growth", tables);
} finally {
  await runtime.close();
}

/** A table for each part, since each part has its own figures. */
function tablesOf(facts: Facts, lines: readonly Line[]): string {
  const tables = parts.map((part) => {
    const own = lines.filter((line) => line.part === part);
    const columns = Object.keys(own[0]?.figures ?? {});
    const rows = own.map(
      ({ what, figures }) => `| ${[what, ...columns.map((name) => short(figures[name]))].join(" | ")} |`,
    );
    return [`| | ${columns.join(" | ")} |`, `|---${"|---".repeat(columns.length)}|`, ...rows].join("\n");
  });
  return [...tables, `${factsLine(facts)}. Storage in ${settings.storage}.`].join("\n\n");
}

function short(figure: number | string | undefined): string {
  if (figure === undefined || typeof figure === "string") return figure ?? "";
  return Number.isInteger(figure) || figure >= 100 ? figure.toFixed(0) : figure.toFixed(1);
}
