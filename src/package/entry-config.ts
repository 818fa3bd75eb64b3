/** The fields of a configuration, made from the list of fields by `npm run schema`. */

/** What an entry and a route of it can set. */
export interface PolicyConfig {
  /**
   * The contract that clients expect: it sets fields, which can still be set otherwise.
   * @default "ietf"
   */
  readonly profile?: "ietf" | "stripe" | "acp" | "ucp" | "mcp" | "webhook";
  /**
   * `observe` changes nothing and counts what would be replayed or refused. `off` passes all through. `hold` is `enforce` that executes nothing new.
   * @default "enforce"
   */
  readonly mode?: "enforce" | "observe" | "off" | "hold";
  /**
   * `json-rpc` reads bodies as JSON-RPC 2.0: a retry may have another `id`, and its replay carries that.
   * @default "none"
   */
  readonly rpc?: "none" | "json-rpc";
  /**
   * `required`, `optional`, or `off` to ignore keys.
   * @default "optional"
   */
  readonly key?: "required" | "optional" | "off";
  /**
   * Where the key is: header names, JSON Pointers into the body, `"query:NAME"`, `"form:NAME"`. The first present counts. An inner list is one key of several parts.
   * @default ["Idempotency-Key"]
   */
  readonly key_from?: readonly (string | readonly string[])[];
  /**
   * `any`, `uuid`, `uuidv7`, or a table. Keys of another form are refused.
   * @default "any"
   */
  readonly key_format?:
    | "any"
    | "uuid"
    | "uuidv7"
    | {
        /**
         * A regular expression that matches the whole key.
         */
        readonly pattern?: string;
        /**
         * The fewest characters.
         * @default 1
         */
        readonly min?: number;
        /**
         * The most characters.
         * @default 255
         */
        readonly max?: number;
      };
  /**
   * What a key belongs to: one `operation`, or the `tenant`, where the same key on another operation is refused. Routes with different values share no keys.
   * @default "operation"
   */
  readonly key_scope?: "operation" | "tenant";
  /**
   * `true` makes all requests of an operation one caller, whatever `caller` is. After a change every key is new.
   * @default false
   */
  readonly one_caller?: boolean;
  /**
   * A table makes a key from caller, operation and content for requests without one.
   * @default false
   */
  readonly derive_key?:
    | false
    | {
        /**
         * How long equal requests count as one. Within a day, two may well be two operations. From 1s to 1d.
         */
        readonly window: string;
        /**
         * What makes the key, as in `key_from` but for headers. Without any, the whole request does.
         * @default []
         */
        readonly from?: readonly string[];
      };
  /**
   * The covered methods: `POST`, `PATCH`, `PUT`, `DELETE`.
   * @default ["POST","PATCH"]
   */
  readonly methods?: readonly ("POST" | "PATCH" | "PUT" | "DELETE")[];
  /**
   * With `rpc`, the methods whose calls are covered, such as `["tools/call"]`. All are where it is not set.
   */
  readonly rpc_methods?: readonly string[];
  /**
   * How a retry is compared: `json` compares JSON, claims and forms by meaning, `bytes` bytes. A table leaves out members or adds headers.
   * @default "json"
   */
  readonly fingerprint?:
    | "json"
    | "bytes"
    | {
        /**
         * `json` compares by meaning, `bytes` by bytes.
         * @default "json"
         */
        readonly body?: "json" | "bytes";
        /**
         * JSON Pointers to members that may differ between retries.
         * @default []
         */
        readonly ignore?: readonly string[];
        /**
         * Lists of JSON Pointers. Of each list, only the first member that a body has is compared.
         * @default []
         */
        readonly first_of?: readonly (readonly string[])[];
        /**
         * JSON Pointers to the only members that are compared.
         * @default null
         */
        readonly only?: readonly string[] | null;
        /**
         * Headers that are compared too.
         * @default []
         */
        readonly headers?: readonly string[];
      };
  /**
   * The largest body of a keyed request.
   * @default 1000000
   */
  readonly max_request_bytes?: number;
  /**
   * How long the body of a request may take, where a key covers it or may be in it. From 100ms to 10m.
   * @default "1m"
   */
  readonly upload_timeout?: string;
  /**
   * How long such a body may pause. From 100ms to 10m.
   * @default "15s"
   */
  readonly upload_idle_timeout?: string;
  /**
   * A retry while the original runs: `wait` shares its response, `refuse` answers 409.
   * @default "wait"
   */
  readonly in_flight?: "wait" | "refuse";
  /**
   * How long a retry waits for the original. From 0s to 1m.
   * @default "25s"
   */
  readonly wait?: string;
  /**
   * How long the client waits for response headers. Then it gets 504, and the attempt goes on. From 100ms to origin_deadline.
   * @default "100s"
   */
  readonly origin_timeout?: string;
  /**
   * When an attempt is aborted, with an unknown outcome. From 100ms to 14m.
   * @default "10m"
   */
  readonly origin_deadline?: string;
  /**
   * How long a response may pause, and a client may take nothing of it. From 100ms to 14m.
   * @default "100s"
   */
  readonly idle_timeout?: string;
  /**
   * Passes every response on as it arrives, not only `text/event-stream` and `application/x-ndjson`.
   * @default false
   */
  readonly stream?: boolean;
  /**
   * When the last client that reads a streamed response disconnects: `finish` the attempt for a retry, or `cancel` it at the origin. Its outcome is unknown then.
   * @default "finish"
   */
  readonly on_disconnect?: "finish" | "cancel";
  /**
   * Rules that come before the table of outcomes. The first that matches counts.
   * @default []
   */
  readonly outcomes?: readonly {
    /**
     * A status, such as `429`, `"5xx"` or `"500-504"`, or a list of them.
     */
    readonly status?: string | number | readonly (string | number)[];
    /**
     * The media type without parameters, or a list.
     */
    readonly media_type?: string | readonly string[];
    /**
     * A header that the response has, or a trailer in the body of gRPC-Web.
     */
    readonly header?: string;
    /**
     * A JSON Pointer to a member that the body has, or the last event of a `text/event-stream`, other than `null`.
     */
    readonly json?: string;
    /**
     * The name of an event in a `text/event-stream`.
     */
    readonly event?: string;
    /**
     * The value of the header or member, or a list of values.
     */
    readonly is?: string | number | boolean | readonly (string | number | boolean)[];
    /**
     * The same conditions. The rule does not match where all of them hold.
     */
    readonly unless?: {
      /**
       * As in the rule.
       */
      readonly status?: string | number | readonly (string | number)[];
      /**
       * As in the rule.
       */
      readonly media_type?: string | readonly string[];
      /**
       * As in the rule.
       */
      readonly header?: string;
      /**
       * As in the rule.
       */
      readonly json?: string;
      /**
       * As in the rule.
       */
      readonly event?: string;
      /**
       * As in the rule.
       */
      readonly is?: string | number | boolean | readonly (string | number | boolean)[];
    };
    /**
     * `final`, `not-executed` or `unknown`.
     */
    readonly outcome: "final" | "not-executed" | "unknown";
  }[];
  /**
   * After an unknown outcome: `refuse` sends nothing again, `retry` is for idempotent APIs, `probe` asks the origin.
   * @default "refuse"
   */
  readonly on_unknown?: "refuse" | "retry" | "probe";
  /**
   * With `retry`, the attempts of one key, the first included.
   * @default 3
   */
  readonly max_attempts?: number;
  /**
   * With `probe`, the path that reports the outcome, such as `"/v1/idempotency/{key}"`.
   */
  readonly probe?: string;
  /**
   * How long a response is kept. From 1s to 90d.
   * @default "1d"
   */
  readonly ttl?: string;
  /**
   * How long an unknown outcome is kept. From origin_deadline to 365d.
   * @default "30d"
   */
  readonly unknown_ttl?: string;
  /**
   * How long a key stays used after these terms, `1d` to `365d`: a retry gets `key_expired` instead of running again.
   * @default false
   */
  readonly remember?: false | string;
  /**
   * The largest response that is kept. Larger ones reach the first client only.
   * @default 10000000
   */
  readonly max_response_bytes?: number;
  /**
   * Whether `Set-Cookie` is kept and replayed.
   * @default false
   */
  readonly replay_set_cookie?: boolean;
  /**
   * The header that marks replays.
   * @default "Idempotent-Replayed"
   */
  readonly replayed_header?: string;
  /**
   * Headers such as `Request-Id` that refusals and replays repeat from the request at hand.
   * @default []
   */
  readonly echo?: readonly string[];
  /**
   * The format of refusals: `problem` (RFC 9457), `stripe`, `acp` or `ucp`.
   * @default "problem"
   */
  readonly errors?: "problem" | "stripe" | "acp" | "ucp";
  /**
   * Other statuses of refusals: `{ key_reused = 409 }`.
   * @default {}
   */
  readonly error_status?: Readonly<Record<string, number>>;
  /**
   * Other codes of refusals: `{ key_reused = "idempotency_conflict" }`.
   * @default {}
   */
  readonly error_code?: Readonly<Record<string, string>>;
  /**
   * Adds `Server-Timing` to keyed responses.
   * @default false
   */
  readonly debug_timing?: boolean;
}

/** How the requests of one hostname, or of several, are protected. */
export interface EntryConfig extends PolicyConfig {
  /**
   * Where records are kept: `eu`, `us` or `fedramp`. Another value is another set of records.
   */
  readonly jurisdiction?: "eu" | "us" | "fedramp";
  /**
   * Where new records are created if possible: `wnam`, `enam`, `sam`, `weur`, `eeur`, `apac`, `apac-ne`, `apac-se`, `oc`, `afr` or `me`.
   */
  readonly location?: "wnam" | "enam" | "sam" | "weur" | "eeur" | "apac" | "apac-ne" | "apac-se" | "oc" | "afr" | "me";
  /**
   * What identifies a caller: header names, `"cookie:NAME"`, `"client-cert"`, `{ jwt = { … } }`. With `[]`, all are one caller. Required, unless `one_caller` holds for all operations.
   */
  readonly caller?: readonly (
    | string
    | {
        /**
         * Claims of a token that the gateway verifies.
         */
        readonly jwt: {
          /**
           * The https URL of the issuer's key set. Required unless `secret` is set.
           */
          readonly jwks?: string;
          /**
           * The name of the secret that the issuer signs with. Its UTF-8 bytes, at least 32, are the key.
           */
          readonly secret?: string;
          /**
           * The claims that identify the caller.
           */
          readonly claims: readonly string[];
          /**
           * The audience of the tokens.
           */
          readonly audience: string;
          /**
           * Their issuer, if it is to be checked.
           */
          readonly issuer?: string;
          /**
           * `RS`, `PS` or `ES` with 256, 384 or 512, or `EdDSA`. With `secret`, it must be `["HS256"]`.
           * @default ["RS256","ES256"]
           */
          readonly algorithms?: readonly (
            | "RS256"
            | "RS384"
            | "RS512"
            | "PS256"
            | "PS384"
            | "PS512"
            | "ES256"
            | "ES384"
            | "ES512"
            | "EdDSA"
            | "HS256"
          )[];
        };
      }
  )[];
  /**
   * Keyed requests that identify no caller: `refuse` them, or treat them as one `shared` caller.
   * @default "refuse"
   */
  readonly anonymous?: "refuse" | "shared";
  /**
   * The same key from another caller: a `separate` record, or `refuse` it.
   * @default "separate"
   */
  readonly on_caller_change?: "separate" | "refuse";
  /**
   * After a change of `caller`: the former rule, by which records are also looked up for a time.
   */
  readonly caller_was?: {
    /**
     * The former value of `caller`.
     */
    readonly caller: readonly (
      | string
      | {
          /**
           * Claims of a token that the gateway verifies.
           */
          readonly jwt: {
            /**
             * The https URL of the issuer's key set. Required unless `secret` is set.
             */
            readonly jwks?: string;
            /**
             * The name of the secret that the issuer signs with. Its UTF-8 bytes, at least 32, are the key.
             */
            readonly secret?: string;
            /**
             * The claims that identify the caller.
             */
            readonly claims: readonly string[];
            /**
             * The audience of the tokens.
             */
            readonly audience: string;
            /**
             * Their issuer, if it is to be checked.
             */
            readonly issuer?: string;
            /**
             * `RS`, `PS` or `ES` with 256, 384 or 512, or `EdDSA`. With `secret`, it must be `["HS256"]`.
             * @default ["RS256","ES256"]
             */
            readonly algorithms?: readonly (
              | "RS256"
              | "RS384"
              | "RS512"
              | "PS256"
              | "PS384"
              | "PS512"
              | "ES256"
              | "ES384"
              | "ES512"
              | "EdDSA"
              | "HS256"
            )[];
          };
        }
    )[];
    /**
     * The former value of `anonymous`.
     * @default "refuse"
     */
    readonly anonymous?: "refuse" | "shared";
    /**
     * The former value of `on_caller_change`.
     * @default "separate"
     */
    readonly on_caller_change?: "separate" | "refuse";
    /**
     * When the former rule ends: a date, or a date and time in UTC.
     */
    readonly until: string;
  };
  /**
   * Limits the keyed requests of each caller.
   */
  readonly rate_limit?: {
    /**
     * The name of the rate limiting binding.
     */
    readonly binding: string;
    /**
     * The `Retry-After` of refused requests: the binding's period. From 1s to 1m.
     * @default "1m"
     */
    readonly retry_after?: string;
  };
  /**
   * Which web pages may send keys and read the gateway's responses.
   */
  readonly cors?: {
    /**
     * The pages' origins, such as `https://shop.example`; `*` is any.
     */
    readonly origins: readonly string[];
    /**
     * Whether they may read responses to requests with a user's credentials.
     * @default false
     */
    readonly credentials?: boolean;
  };
  /**
   * `"secret:NAME"`: what opens this tenant's records to operators.
   */
  readonly operator_token?: string;
  /**
   * How long the audit log is kept. From 1d to 365d.
   * @default "90d"
   */
  readonly audit_ttl?: string;
  /**
   * Which requests have a line in the log: `all` keyed ones, or only those that are `changes` or refusals: not replays, joins and plain executions.
   * @default "all"
   */
  readonly log?: "all" | "changes";
  /**
   * Tables with a `match` and fields of a policy. The first that matches counts.
   * @default []
   */
  readonly routes?: readonly RouteConfig[];
}

/** Which requests a route is for. It sets fields otherwise than its entry. */
export interface RouteConfig extends PolicyConfig {
  /**
   * The method (or `*`) and path pattern, as Hono matches it. With `rpc`, a call may follow.
   */
  readonly match: string;
}
