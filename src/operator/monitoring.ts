/** What monitoring systems ask, under `/_oncegate/` (docs/operator-api.md O9 and O10). */

import { HonoBase } from "hono/hono-base";
import { TrieRouter } from "hono/router/trie-router";
import { deepHealth } from "./health.ts";
import { metricsPage } from "./metrics.ts";
import { type OperatorContext } from "./operator-context.ts";
import { requireOperator } from "./require-operator.ts";

export const monitoring = new HonoBase<OperatorContext>({ router: new TrieRouter() });

monitoring.get("/health", requireOperator, deepHealth);
monitoring.get("/metrics", requireOperator, metricsPage);
