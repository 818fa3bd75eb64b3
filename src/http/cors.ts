/** What browsers are told of answers that the gateway gives (docs/protocol.md 7.6). */

export interface CorsRule {
  /** Serialised origins, such as `https://shop.example`; `*` is any. */
  readonly origins: readonly string[];
  /** Whether a browser may let a page read answers to requests that carried its credentials. */
  readonly credentials: boolean;
}
