import { type Broken } from "../broken.ts";

const OBJECTS = `bindings = [
  { name = "KEYS", class_name = "KeyObject" },
  { name = "SHADOWS", class_name = "ShadowObject" },
  { name = "JOURNALS", class_name = "Journal" },
]`;
const MIGRATION = `[[migrations]]
tag = "v1"
new_sqlite_classes = ["KeyObject", "ShadowObject", "Journal"]
`;
const STRATEGY = 'code_update_strategy = { mode = "deferred", max_delay = 900 }';
const NEEDED = 'code_update_strategy = { mode = "deferred", max_delay = 900 }';

export const PLATFORM_AND_OBJECTS: readonly Broken[] = [
  [
    "a misspelled table",
    "[observability.logs]",
    "[observabilty.logs]",
    '21:1 unknown-field: unknown field observabilty: did you mean "observability"? | rename it to observability',
    "1:1 logs: the log is not kept | observability.logs.enabled = true, or logpush, or a tail consumer",
  ],
  [
    "a misspelled field deep inside",
    "code_update_strategy",
    "code_update_stratgy",
    '15:1 unknown-field: unknown field code_update_stratgy: did you mean "code_update_strategy"? | rename it to code_update_strategy',
    `9:1 code-update-strategy: it is not set, so a deploy allows a running attempt 300 s, and the longest origin_deadline is 600 s | ${NEEDED}`,
  ],
  [
    "a field that resembles none",
    'name = "oncegate"',
    'name = "oncegate"\nnonsense = 1',
    "2:1 unknown-field: unknown field nonsense | remove nonsense",
  ],
  [
    "an older date",
    "2026-10-30",
    "2026-09-01",
    '3:1 compatibility-date: compatibility_date is 2026-09-01 | compatibility_date = "2026-10-30"',
  ],
  [
    "a date that no test has seen",
    "2026-10-30",
    "2026-11-17",
    '3:1 compatibility-date: compatibility_date is 2026-11-17 | compatibility_date = "2026-10-30"',
  ],
  [
    "no date",
    'compatibility_date = "2026-10-30"\n',
    "",
    '1:1 compatibility-date: compatibility_date is missing | compatibility_date = "2026-10-30"',
  ],
  [
    "a flag that ends attempts with their client",
    '["enable_request_signal"]',
    '["enable_request_signal", "request_signal_passthrough"]',
    "4:49 compatibility-flags: request_signal_passthrough: attempts would end when their client leaves | remove request_signal_passthrough",
  ],
  [
    "a flag that is missing",
    'compatibility_flags = ["enable_request_signal"]\n',
    "",
    '1:1 compatibility-flags: enable_request_signal is missing | compatibility_flags = ["enable_request_signal"]',
  ],
  [
    "no bindings of objects",
    OBJECTS,
    "",
    ...["KEYS", "SHADOWS", "JOURNALS"].map((name, index) => {
      const className = ["KeyObject", "ShadowObject", "Journal"][index];
      return `9:1 object-bindings: the binding ${name} is missing | durable_objects.bindings: { name = "${name}", class_name = "${className}" }`;
    }),
  ],
  [
    "a binding of another class",
    'class_name = "ShadowObject"',
    'class_name = "KeyObject"',
    '12:3 object-bindings: SHADOWS is bound to KeyObject | durable_objects.bindings: { name = "SHADOWS", class_name = "ShadowObject" }',
  ],
  [
    "objects of another Worker",
    'class_name = "KeyObject"',
    'class_name = "KeyObject", script_name = "other"',
    '11:3 object-bindings: KEYS is bound to objects of other | durable_objects.bindings: { name = "KEYS", class_name = "KeyObject" }',
  ],
  [
    "no migration",
    MIGRATION,
    "",
    '1:1 migrations: no migration creates KeyObject, ShadowObject, Journal with SQLite | [[migrations]] with tag = "v1" and new_sqlite_classes = ["KeyObject","ShadowObject","Journal"]',
  ],
  [
    "a class without SQLite",
    '["KeyObject", "ShadowObject", "Journal"]',
    '["ShadowObject", "Journal"]\nnew_classes = ["KeyObject"]',
    '17:1 migrations: no migration creates KeyObject with SQLite | [[migrations]] with tag = "v1" and new_sqlite_classes = ["KeyObject","ShadowObject","Journal"]',
    "20:1 migrations: KeyObject: new_classes creates it without SQLite | remove the class from new_classes",
  ],
  [
    "a class that is deleted",
    MIGRATION,
    `${MIGRATION}\n[[migrations]]\ntag = "v2"\ndeleted_classes = ["KeyObject"]\n`,
    "23:1 migrations: KeyObject: deleted_classes deletes every record in it | remove the class from deleted_classes",
    "17:1 migrations: the tags are v1, v2, and the stored format is 1 | keep the migrations of the committed file: v1",
  ],
  [
    "a step that changes no class",
    MIGRATION,
    `${MIGRATION}\n[[migrations]]\ntag = "v2"\n`,
    "17:1 migrations: the tags are v1, v2, and the stored format is 1 | keep the migrations of the committed file: v1",
    '21:1 migrations: v2 changes no class | new_sqlite_classes = ["Format2"], and export that class',
  ],
  [
    "a class that is renamed",
    MIGRATION,
    `${MIGRATION}renamed_classes = [{ from = "KeyObject", to = "Elsewhere" }]\n`,
    "20:1 migrations: KeyObject: renamed_classes moves its records away | remove the class from renamed_classes",
  ],
  [
    "classes that are declared",
    MIGRATION,
    '[exports.KeyObject]\ntype = "durable-object"\nstorage = "sqlite"\n',
    "17:1 migrations: exports declares classes, so a change of the stored format refuses no rollback | use [[migrations]], as the committed wrangler.toml does",
  ],
  [
    "no strategy for updates",
    STRATEGY,
    "",
    `9:1 code-update-strategy: it is not set, so a deploy allows a running attempt 300 s, and the longest origin_deadline is 600 s | ${NEEDED}`,
  ],
  [
    "updates at once",
    'mode = "deferred", max_delay = 900',
    'mode = "immediate"',
    `15:1 code-update-strategy: it allows a running attempt 0 s, and the longest origin_deadline is 600 s | ${NEEDED}`,
  ],
  [
    "a strategy that does not wait for the slowest route",
    `max_delay = 900`,
    `max_delay = 600`,
    `15:1 code-update-strategy: it allows a running attempt 600 s, and the longest origin_deadline is 600 s | ${NEEDED}`,
  ],
];
