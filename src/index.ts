/** What the Workers runtime loads. */

export { gateway as default } from "./gateway.ts";
export { KeyObject } from "./key-object.ts";
export { ShadowObject } from "./shadow-object.ts";
export { Journal } from "./operator/journal.ts";
