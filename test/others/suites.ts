import { adcp } from "./adcp.ts";
import { fapi, openFinanceBrasil } from "./fapi.ts";
import { idemkitHttp } from "./idemkit-http.ts";
import { idemkitQueue } from "./idemkit-queue.ts";
import { idemkitTools } from "./idemkit-tools.ts";
import { idempot } from "./idempot.ts";
import { type Suite } from "./scenario.ts";
import { ucp } from "./ucp.ts";

/** In the order of docs/compatibility.md. */
export const suites: readonly Suite[] = [
  idemkitHttp,
  idemkitQueue,
  idemkitTools,
  idempot,
  ucp,
  adcp,
  fapi,
  openFinanceBrasil,
];
