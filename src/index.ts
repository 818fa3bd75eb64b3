/** What the Workers runtime loads. */

export { gateway as default } from "./worker/gateway.ts";
export { KeyObject } from "./key-object/key-object.ts";
export { ShadowObject } from "./key-object/shadow-object.ts";
export { Journal } from "./journal/journal.ts";
