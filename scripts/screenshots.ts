// npm run screenshots [-- --out FOLDER]
//
// Takes a picture of each page of the console and of the published policy: wide and 390 pixels wide, in light and in dark. They go
// into FOLDER, by default `oncegate-screenshots` in the system's temporary folder. The one of the documentation, docs/console.png, is
// written as well. It runs a gateway of its own with made-up requests, for some minutes at most. On a machine other than Linux on
// x64, name an installed Chromium in ONCEGATE_CHROMIUM.

import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findChromium } from "./chromium/find.ts";
import { startChromium } from "./chromium/start.ts";
import { type Defer, temporaryFolder, withCleanup } from "./cleanup.ts";
import { beginScript, runScript } from "./help.ts";
import { writeHistory } from "./screenshots/history.ts";
import { photograph } from "./screenshots/pages.ts";
import { HOST, SHOP, TOKEN, startOrigin, traffic } from "./screenshots/traffic.ts";
import { type ServerProcess } from "./server-process.ts";
import { buildWorker, startWorkerd } from "./workerd-process.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({ options: { out: { type: "string", default: join(tmpdir(), "oncegate-screenshots") } } });
await runScript(() => withCleanup(takeAll));

async function takeAll(defer: Defer): Promise<number> {
  const { browser: installed, remove } = findChromium();
  defer(() => Promise.resolve(remove()));
  if (installed === null) throw new Error("There is no Chromium for this machine: name one in ONCEGATE_CHROMIUM.");
  mkdirSync(values.out, { recursive: true });
  const port = await runWithHistory(defer);
  const browser = await startChromium(installed);
  defer(() => browser.close());
  const readme = join(import.meta.dirname, "..", "docs", "console.png");
  const count = await photograph({ browser, port, out: values.out, readme });
  console.log(`${count} pictures are in ${values.out}, and the one of the documentation in docs/console.png`);
  return 0;
}

/** A gateway that has served some requests, and whose journal has a day of counts before them. */
async function runWithHistory(defer: Defer): Promise<number> {
  const folder = await temporaryFolder(defer);
  const bundle = join(folder, "bundle");
  buildWorker(bundle);
  const origin = await startOrigin();
  defer(origin.stop);
  const storage = join(folder, "records");
  const tenant = { origin: origin.url, caller: ["authorization"] };
  const routes = [{ match: "POST /v1/charges" }, { match: "POST /v1/transfers", derive_key: { window: "5m" } }];
  const tenants = { [HOST]: { ...tenant, routes }, [SHOP]: { ...tenant, mode: "observe" } };
  const variables = {
    OPERATOR_TOKEN: TOKEN,
    SECRETS: JSON.stringify({ OPERATOR_TOKEN: { purpose: "operator_token", hostnames: ["*"] } }),
  };
  const start = async (port: number): Promise<ServerProcess> => {
    const gateway = await startWorkerd({ bundle, port, storage, tenants, variables });
    defer(() => gateway.stop());
    return gateway;
  };
  const first = await start(0);
  const port = Number(new URL(first.url).port);
  await traffic(port);
  await first.stop();
  writeHistory(storage);
  await start(port);
  return port;
}
