// npm run measure -- --account [--samples 200] [--locations nearest,enam,weur] [--name oncegate-measure-NAME] [--json FILE]
//                              [--keep] [--yes]
// Measures the first use of an object in your own Cloudflare account: of a named one, as each new key is; of one by newUniqueId;
// and the second call of a named one, as a retry is. Deploys a small Worker with your wrangler login, and removes it at the
// end, also after a failure or Ctrl-C; --keep leaves it there. It asks first; --yes does not. 200 samples make about 1,000 calls to
// objects, which store nothing, and 400 fetches of www.cloudflare.com/cdn-cgi/trace, which shows where an object is. The
// objects of "nearest" are created near the Worker, which is near you. The table and the JSON name no account and no hostname.

import { parseArgs } from "node:util";
import { beginScript, runScript } from "../../scripts/help.ts";
import { WRANGLER } from "../../scripts/wrangler.ts";
import { PATIENCE } from "./ask-probe.ts";
import { measureCommand } from "./command.ts";

beginScript(import.meta.filename);
const { values } = parseArgs({
  options: {
    account: { type: "boolean", default: false },
    samples: { type: "string", default: "200" },
    locations: { type: "string", default: "nearest" },
    name: { type: "string" },
    json: { type: "string" },
    keep: { type: "boolean", default: false },
    yes: { type: "boolean", default: false },
  },
});
await runScript(() => measureCommand(values, WRANGLER, PATIENCE));
