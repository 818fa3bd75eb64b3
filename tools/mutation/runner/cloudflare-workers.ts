/** What code of a key object gets as "cloudflare:workers". */

export class DurableObject {
  readonly ctx: unknown;
  readonly env: unknown;

  constructor(ctx: unknown, env: unknown) {
    this.ctx = ctx;
    this.env = env;
  }
}

export class WorkerEntrypoint extends DurableObject {}

/** In the runtime it has nothing either. */
export class RpcTarget {
  readonly isLocal = true;
}

export const env = {};
