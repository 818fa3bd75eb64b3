/**
 * What `import … from "oncegate"` gives.
 *
 * @module oncegate
 */

import { type DurableObject } from "cloudflare:workers";
import { Journal as JournalObject } from "../journal/journal.ts";
import { KeyObject as RecordObject } from "../key-object/key-object.ts";
import { ShadowObject as ObservedObject } from "../key-object/shadow-object.ts";

export { oncegate } from "./oncegate.ts";
export {
  type App,
  type Config,
  type FetchOf,
  type Handler,
  type Oncegate,
  type OriginClass,
  type OtherHandler,
} from "./types.ts";
export { type EntryConfig, type PolicyConfig, type RouteConfig } from "./entry-config.ts";

/** A Durable Object class, which a Worker only exports and binds. What it is called with is the gateway's own matter. */
export type ObjectClass = new (ctx: DurableObjectState, env: never) => DurableObject;

/** Owns the record of one key. Export it, and bind it as `KEYS`. */
export const KeyObject: ObjectClass = RecordObject;
/** For the type of its namespace: `DurableObjectNamespace<KeyObject>`. */
export type KeyObject = DurableObject;

/** Keeps what operators see. Export it, and bind it as `JOURNALS`. */
export const Journal: ObjectClass = JournalObject;
/** For the type of its namespace: `DurableObjectNamespace<Journal>`. */
export type Journal = DurableObject;

/** Owns the record of one key that is only observed. Export it, and bind it as `SHADOWS`. */
export const ShadowObject: ObjectClass = ObservedObject;
/** For the type of its namespace: `DurableObjectNamespace<ShadowObject>`. */
export type ShadowObject = DurableObject;
