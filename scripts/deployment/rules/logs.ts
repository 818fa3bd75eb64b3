// Rules about logs and traces: what an operator must see, and what must not be stored with the platform.

import { VERSION_METADATA } from "../../../src/config/version.ts";
import { type Found, type Rule } from "../rule.ts";

const logs: Rule = {
  id: "logs",
  because: "every fault, refusal and lost answer is found in the log, and nowhere else.",
  check: ({ config: { observability, logpush, tail_consumers: tails } }) => {
    const isLogged = observability.logs.enabled ?? observability.enabled ?? false;
    if (isLogged || logpush === true || tails.length > 0) return [];
    const message = "the log is not kept";
    return [
      { path: ["observability"], message, fix: "observability.logs.enabled = true, or logpush, or a tail consumer" },
    ];
  },
};

const invocationLogs: Rule = {
  id: "invocation-logs",
  because:
    "the platform's line for each invocation has the URL and the headers of the request, Idempotency-Key among them.",
  check: ({ config: { observability } }) => {
    const { enabled = observability.enabled ?? false, invocation_logs: written } = observability.logs;
    if (!enabled || written === false) return [];
    const path = ["observability", "logs", "invocation_logs"];
    const message = `invocation_logs is ${written === undefined ? "not set, and on by default" : "on"}`;
    return [{ path, message, fix: "observability.logs.invocation_logs = false" }];
  },
};

const traces: Rule = {
  id: "traces",
  because: "spans show URLs and the values of SQL statements, which include paths and keys.",
  check: ({ config: { observability } }) =>
    observability.traces.enabled === true
      ? [
          {
            path: ["observability", "traces", "enabled"],
            message: "traces are on",
            fix: "observability.traces.enabled = false",
          },
        ]
      : [],
};

const logSampling: Rule = {
  id: "log-sampling",
  because: "a line that is dropped can't be found by the id that a client names.",
  check: ({ config: { observability } }) => {
    const rates = [
      [["observability", "head_sampling_rate"], observability.head_sampling_rate],
      [["observability", "logs", "head_sampling_rate"], observability.logs.head_sampling_rate],
    ] as const;
    return rates.flatMap(([path, rate]): Found[] =>
      rate === undefined || rate === 1
        ? []
        : [{ path, message: `head_sampling_rate is ${rate}`, fix: "remove it, or set it to 1" }],
    );
  },
};

const versionMetadata: Rule = {
  id: "version-metadata",
  because:
    "without its binding no line of the log says which version has written it, and an environment inherits none.",
  check: ({ config: { version_metadata: metadata } }) => {
    if (metadata?.binding === VERSION_METADATA) return [];
    const message =
      metadata === undefined ? "version_metadata is missing" : `version_metadata is bound as ${metadata.binding}`;
    return [{ path: ["version_metadata"], message, fix: `version_metadata = { binding = "${VERSION_METADATA}" }` }];
  },
};

export const LOG_RULES: readonly Rule[] = [logs, invocationLogs, traces, logSampling, versionMetadata];
