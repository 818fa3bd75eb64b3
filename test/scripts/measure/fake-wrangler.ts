// Stands in for wrangler: writes down its command line, and does what FAKE asks for.

import { appendFileSync, readFileSync } from "node:fs";

const { FAKE = "", FAKE_LOG = "", FAKE_URL = "", WRANGLER_OUTPUT_FILE_PATH = "" } = process.env;
const [command = "", ...args] = process.argv.slice(2);
const secrets = args[args.indexOf("--secrets-file") + 1] ?? "";
const token = command === "deploy" ? (JSON.parse(readFileSync(secrets, "utf8")) as { TOKEN: string }).TOKEN : null;
appendFileSync(FAKE_LOG, `${JSON.stringify({ command, args, token })}\n`);
console.log(`${command} by wrangler`);
switch (`${command} ${FAKE}`) {
  case "deploy deploy fails":
    process.exit(1);
  case "deploy deploy hangs":
    setInterval(() => {}, 1000);
    break;
  case "deploy no url":
    appendFileSync(WRANGLER_OUTPUT_FILE_PATH, `${JSON.stringify({ type: "deploy", targets: [] })}\n`);
    break;
  case "delete delete fails":
    console.error("✘ [ERROR] Authentication error [code: 10000]");
    process.exit(1);
  case "delete deploy fails":
    console.error("✘ [ERROR] This Worker does not exist on your account. [code: 10007]");
    process.exit(1);
  default:
    if (command === "deploy") {
      const steps = [{ type: "wrangler-session" }, { type: "deploy", targets: [`${FAKE_URL}/`] }];
      appendFileSync(WRANGLER_OUTPUT_FILE_PATH, steps.map((step) => `${JSON.stringify(step)}\n`).join(""));
    }
}
