// Checks a deployment on the open-source runtime: its configuration, and the variables that the process gets.

import * as v from "valibot";
import { type Config, parseConfig } from "../../src/config/config.ts";
import { REQUIRED_OBJECTS } from "../../src/config/required-objects.ts";
import { listedSecrets } from "../../src/config/secrets.ts";
import { parseCapnp } from "./capnp.ts";
import { type Finding, type Verdict, hintsOf, summaryOf, syntaxFault } from "./check.ts";
import { pathOfFault } from "./deployment.ts";
import { isPlaceholder } from "./hosts.ts";
import { type Found, type Rule } from "./rule.ts";
import { DATE_TESTED, FORBIDDEN_FLAGS, NEEDED_FLAG } from "./rules/platform.ts";
import { ENTRY_RULES, ORIGIN_ADDRESS, textOfFault } from "./rules/tenants.ts";

const BINDING = v.object({
  name: v.string(),
  fromEnvironment: v.optional(v.string()),
  durableObjectNamespace: v.optional(v.string()),
});

const CLASS = v.object({
  className: v.string(),
  uniqueKey: v.optional(v.string()),
  enableSql: v.optional(v.boolean(), false),
});

const WORKER = v.object({
  compatibilityDate: v.optional(v.string()),
  compatibilityFlags: v.optional(v.array(v.string()), []),
  bindings: v.optional(v.array(BINDING), []),
  durableObjectNamespaces: v.optional(v.array(CLASS), []),
  durableObjectStorage: v.optional(v.object({ localDisk: v.optional(v.string()) }), {}),
});

interface SelfHosted {
  readonly worker: v.InferOutput<typeof WORKER>;
  /** Of the process. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly parsed: Config;
}

/** The runtime finds a class's records by this name: another one is another, empty set. */
const UNIQUE_KEYS = { KeyObject: "oncegate-keys", ShadowObject: "oncegate-shadows", Journal: "oncegate-journals" };

/** The variables that the gateway reads, all of which the process may set. */
const VARIABLES = ["ORIGIN", "CALLER", "TENANTS", "SECRETS", "EDGE", "HOLD"];

const RULES: readonly Rule<SelfHosted>[] = [
  {
    id: "compatibility-date",
    because: "this version is tested with one date only.",
    check: ({ worker: { compatibilityDate: date } }) => {
      if (date === DATE_TESTED) return [];
      const message = `compatibilityDate is ${date ?? "missing"}`;
      return [{ path: ["compatibilityDate"], message, fix: `compatibilityDate = "${DATE_TESTED}"` }];
    },
  },
  {
    id: "compatibility-flags",
    because: `${NEEDED_FLAG} gives back the memory of a request whose client has left, and some flags end or lose attempts.`,
    check: ({ worker: { compatibilityFlags: flags } }) => {
      const path = ["compatibilityFlags"];
      const harmful = flags.flatMap((flag, index): Found[] => {
        const harm = FORBIDDEN_FLAGS[flag];
        return harm === undefined
          ? []
          : [{ path: [...path, index], message: `${flag}: ${harm}`, fix: `remove ${flag}` }];
      });
      if (flags.includes(NEEDED_FLAG)) return harmful;
      const fix = `compatibilityFlags = ["${NEEDED_FLAG}"]`;
      return [...harmful, { path, message: `${NEEDED_FLAG} is missing`, fix }];
    },
  },
  {
    id: "object-bindings",
    because: "without its objects the gateway can record nothing.",
    check: ({ worker: { bindings } }) =>
      Object.entries(REQUIRED_OBJECTS).flatMap(([name, className]): Found[] => {
        const index = bindings.findIndex((binding) => binding.name === name);
        if (bindings[index]?.durableObjectNamespace === className) return [];
        const path = index < 0 ? ["bindings"] : ["bindings", index];
        const fix = `(name = "${name}", durableObjectNamespace = "${className}")`;
        return [{ path, message: `${name} is not bound to ${className}`, fix }];
      }),
  },
  {
    id: "object-storage",
    because: "records that are not on disk, or that are under another name, are forgotten, and a retry runs again.",
    check: ({ worker }) => [...storageFaults(worker), ...classFaults(worker)],
  },
  {
    id: "variables",
    because: "a variable that the process sets and the Worker does not get is not set.",
    check: ({ worker: { bindings }, variables }) => {
      const bound = new Set(bindings.flatMap(({ fromEnvironment }) => fromEnvironment ?? []));
      const secrets = [...listedSecrets(variables).byName.keys()];
      const unbound = [...VARIABLES, ...secrets].filter((name) => !bound.has(name));
      return unbound.map((name): Found => {
        return {
          path: ["bindings"],
          message: `${name} is not bound`,
          fix: `(name = "${name}", fromEnvironment = "${name}")`,
        };
      });
    },
  },
  {
    id: "tenants",
    because: "the gateway would refuse every hostname.",
    check: ({ parsed }) =>
      parsed.tenants.size > 0 || parsed.faults.length > 0
        ? []
        : [{ path: [], message: "there is no tenant", fix: "set ORIGIN, or TENANTS as JSON" }],
  },
  {
    id: "edge",
    because: "here, everyone can set the headers of Cloudflare's edge.",
    check: ({ variables }) =>
      variables["EDGE"] === "cloudflare"
        ? [{ path: [], message: "EDGE is cloudflare", fix: "EDGE=proxy behind a proxy of your own, otherwise unset" }]
        : [],
  },
  {
    id: "jurisdiction",
    because: "the open-source runtime knows no jurisdictions, and every keyed request is refused with 503.",
    check: ({ parsed }) =>
      [...parsed.tenants].flatMap(([name, tenant]): Found[] =>
        tenant === null || tenant.placement.jurisdiction === null
          ? []
          : [{ path: [], message: `TENANTS."${name}" has a jurisdiction`, fix: "remove it" }],
      ),
  },
  {
    id: "placeholder",
    because: "a name for examples belongs to no one who would serve your clients.",
    check: ({ parsed }) =>
      [...parsed.tenants].flatMap(([name, tenant]): Found[] => {
        const host = tenant?.origin.kind === "url" ? new URL(tenant.origin.base).hostname : "";
        return [name, host].filter(isPlaceholder).map((one) => {
          return { path: [], message: `TENANTS."${name}": ${one} is a placeholder`, fix: "write your own" };
        });
      }),
  },
  {
    id: "configuration",
    because: "a faulty entry closes its hosts, and a name or a variable that can't be read closes all.",
    check: ({ parsed, variables }) =>
      parsed.faults.map((fault) => ({ path: [], message: textOfFault(fault, variables), fix: null })),
  },
  ...ENTRY_RULES.filter(({ id }) => id !== ORIGIN_ADDRESS).map((rule): Rule<SelfHosted> => {
    const check: Rule<SelfHosted>["check"] = ({ parsed }) =>
      [...parsed.tenants].flatMap(([name, tenant]) =>
        rule.check([{ name, path: pathOfFault(`"${name}"`), tenant }]).map(({ message, fix }) => {
          return { path: [], message: `TENANTS."${name}": ${message}`, fix };
        }),
      );
    return { id: rule.id, because: rule.because, check };
  }),
];

function storageFaults({ durableObjectStorage: { localDisk } }: SelfHosted["worker"]): Found[] {
  if (localDisk !== undefined) return [];
  const fix = 'durableObjectStorage = (localDisk = "storage")';
  return [{ path: ["durableObjectStorage"], message: "records are not stored on disk", fix }];
}

function classFaults({ durableObjectNamespaces: classes }: SelfHosted["worker"]): Found[] {
  return Object.entries(UNIQUE_KEYS).flatMap(([className, uniqueKey]): Found[] => {
    const index = classes.findIndex((one) => one.className === className);
    const found = classes[index];
    if (found?.uniqueKey === uniqueKey && found.enableSql) return [];
    const path = index < 0 ? ["durableObjectNamespaces"] : ["durableObjectNamespaces", index];
    const fix = `(className = "${className}", uniqueKey = "${uniqueKey}", enableSql = true)`;
    return [{ path, message: `${className} is not stored under ${uniqueKey} with SQL`, fix }];
  });
}

export interface SelfHostedQuery {
  /** For messages. */
  readonly file: string;
  /** The configuration of the runtime. */
  readonly text: string;
  /** Of the process that will run. Only those that the gateway reads count. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

export function checkSelfHosted({ file, text, variables }: SelfHostedQuery): Verdict {
  const source = parseCapnp(text);
  if (source.kind === "syntax") return { findings: [syntaxFault(file, source.message, source.place)], summary: [] };
  const [name, worker] = workerIn(source.table) ?? [];
  if (name === undefined || worker === undefined) {
    return {
      findings: [syntaxFault(file, "no constant is a Worker with modules", { line: 1, column: 1 })],
      summary: [],
    };
  }
  const bound = worker.bindings.flatMap(({ fromEnvironment }) => fromEnvironment ?? []);
  const env = Object.fromEntries(bound.map((one) => [one, variables[one]]));
  const subject = { worker, variables, parsed: parseConfig(env) };
  const findings = RULES.flatMap(({ id, because, check }) =>
    check(subject).map(({ path, message, fix }): Finding => {
      const { line, column } = source.places.of([name, ...path]);
      return { rule: id, file, line, column, message, because, fix };
    }),
  );
  const tenants = [...subject.parsed.tenants];
  return { findings, summary: [...summaryOf(tenants), ...hintsOf(env, tenants)] };
}

/** The variables of the process that the Worker gets. None where the configuration can't be read. */
export function boundVariables(text: string): string[] {
  const source = parseCapnp(text);
  const [, worker] = (source.kind === "syntax" ? null : workerIn(source.table)) ?? [];
  return (worker?.bindings ?? []).flatMap(({ fromEnvironment }) => fromEnvironment ?? []);
}

function workerIn(table: Readonly<Record<string, unknown>>): [string, SelfHosted["worker"]] | null {
  for (const [name, value] of Object.entries(table)) {
    const read = v.safeParse(v.intersect([v.object({ modules: v.unknown() }), WORKER]), value);
    if (read.success) return [name, read.output];
  }
  return null;
}
