/** What Node.js loads as "cloudflare:workers": the tests of objects run there, and so do those of mutants. */

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
