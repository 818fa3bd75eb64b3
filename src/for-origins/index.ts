/**
 * What `import … from "oncegate/origin"` gives: helpers for an API behind the gateway, on any platform.
 *
 * @module oncegate/origin
 */

export { type CallerItems, type IdentifyCaller, type RequestHead } from "./attempt.ts";
export {
  type AsyncEffect,
  type Fence,
  type FenceOptions,
  type OutsideEffect,
  type RunOptions,
  type SyncEffect,
  createFence,
} from "./fence.ts";
export { type MemoryRows, type MemoryStore, memoryStore } from "./memory-store.ts";
export { type NodeRequest, type NodeResponse, answerProbe, nodeHead, sendAnswer } from "./node.ts";
export { type OperationPattern } from "./operation.ts";
export {
  type Answer,
  type Final,
  type NotExecuted,
  type Outcome,
  type Unknown,
  answerOf,
  final,
  notExecuted,
  unknown,
} from "./outcome.ts";
export { type FencedFacts, type GatewayRules, type RunFacts } from "./reading.ts";
export {
  type NodeDatabase,
  type ObjectSql,
  type ObjectStorage,
  durableObjectStore,
  nodeSqliteStore,
} from "./sqlite-store.ts";
export { type AsyncStore, type Store, type SyncStore } from "./store.ts";
export { type HonoContext, type HonoMiddleware, fenced, responseOf, unknownResponse } from "./web.ts";
