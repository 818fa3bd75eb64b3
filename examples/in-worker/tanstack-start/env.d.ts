declare namespace Cloudflare {
  interface Env {
    CHARGES: KVNamespace;
  }
}
