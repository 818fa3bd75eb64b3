import { type Answer, type Ask, type Exchange } from "../conformance/client.ts";
import { type ScriptedOrigin } from "../conformance/origin.ts";

/** What a scenario gets. */
export type Stage = {
  readonly origin: ScriptedOrigin;
  /** A fresh path below `prefix`, which may select a route of the suite's entry. */
  readonly fresh: (prefix?: string) => string;
  readonly key: () => string;
  readonly open: (path: string, ask?: Ask) => Exchange;
  readonly send: (path: string, ask?: Ask) => Promise<Answer>;
  /** A request to the operator API: what is known of a record, for suites that look into their store. */
  readonly operator: (method: "GET" | "POST", path: string, body?: object) => Promise<Answer>;
  /** kill -9, `meanwhile`, and a new process with the same records. */
  readonly crash: (meanwhile?: (folder: string) => Promise<void>) => Promise<void>;
};
