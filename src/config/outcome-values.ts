/** The values of the field `outcomes`. */

import * as v from "valibot";
import { TOKEN } from "../http/token.ts";
import { parseJson } from "../identity/json.ts";
import { type Conditions, type OutcomeRule, type StatusRange } from "../record/outcome-rule.ts";
import { whyUnmatched } from "../record/unmatched-rule.ts";
import { memberPointer } from "./key-values.ts";
import { headerName, listOf, oneOf, table, text } from "./values.ts";

/** One value, or a list of them. */
function oneOrMore<const T extends v.GenericSchema>(item: T, message: string) {
  const items = v.pipe(listOf(item, message), v.minLength(1, "must not be empty"));
  return v.pipe(
    v.lazy((input): T | typeof items => (Array.isArray(input) ? items : item)),
    v.transform((value): readonly v.InferOutput<T>[] => (Array.isArray(value) ? value : [value])),
  );
}

const STATUS_MESSAGE = 'must be a status from 200 to 599, such as 429, "5xx" or "500-504", or a list of them';

/** One digit and `xx`, or one or two statuses. */
const STATUS = /^(?:([2-5])xx|([2-5][0-9]{2})(?:-([2-5][0-9]{2}))?)$/;

function parseStatus(written: string | number): StatusRange | null {
  const [, hundred, from, to = from] = STATUS.exec(String(written)) ?? [];
  if (hundred !== undefined) return { from: Number(hundred) * 100, to: Number(hundred) * 100 + 99 };
  return from === undefined || Number(to) < Number(from) ? null : { from: Number(from), to: Number(to) };
}

const status = v.pipe(
  v.union([v.string(), v.number()], STATUS_MESSAGE),
  v.rawTransform(({ dataset, addIssue, NEVER }): StatusRange => {
    const range = parseStatus(dataset.value);
    if (range !== null) return range;
    addIssue({ message: STATUS_MESSAGE });
    return NEVER;
  }),
);

const MEDIA_TYPE_MESSAGE = 'must be a media type without parameters, such as "application/json", or a list of them';

const mediaType = v.pipe(
  text(new RegExp(`^${TOKEN}/${TOKEN}$`), MEDIA_TYPE_MESSAGE),
  v.transform((type) => type.toLowerCase()),
);

const IS_MESSAGE = "must be a string, a number, true or false, or a list of them";

const scalar = v.union([v.string(), v.number(), v.boolean()], IS_MESSAGE);

const EVENT_MESSAGE = 'must be the name of a server-sent event, such as "error"';

const CONDITIONS = {
  status: v.optional(oneOrMore(status, STATUS_MESSAGE)),
  media_type: v.optional(oneOrMore(mediaType, MEDIA_TYPE_MESSAGE)),
  header: v.optional(headerName),
  json: v.optional(memberPointer),
  event: v.optional(text(/^[^\r\n]{1,128}$/, EVENT_MESSAGE)),
  is: v.optional(oneOrMore(scalar, IS_MESSAGE)),
};

type Written = v.InferOutput<v.ObjectSchema<typeof CONDITIONS, undefined>>;

const IS_OF_ONE = 'must have "is" with either header or json';
const NO_CONDITION = "must have a condition: status, media_type, header, json, event or unless";

/** `is` belongs to the header or to the member, so there must be one of them. */
function hasItsSubject({ header, json, is }: Written): boolean {
  return is === undefined || (header === undefined) !== (json === undefined);
}

function hasCondition({ status: statuses, media_type, header, json, event }: Written): boolean {
  return [statuses, media_type, header, json, event].some((condition) => condition !== undefined);
}

function conditionsOf({ status: statuses, media_type, header, json, event, is }: Written): Conditions {
  return {
    statuses: statuses ?? null,
    mediaTypes: media_type ?? null,
    header: header === undefined ? null : { name: header, is: is?.map(String) ?? null },
    json: json === undefined ? null : { pointer: json, is: is?.map(canonicalScalar) ?? null },
    event: event ?? null,
  };
}

/** As the values of a JSON body are compared. */
function canonicalScalar(value: string | number | boolean): string {
  const node = parseJson(JSON.stringify(value));
  if (typeof node !== "string") throw new Error("a scalar that is no JSON");
  return node;
}

const RULE_MESSAGE = 'must be a table such as { status = "5xx", outcome = "not-executed" }';

const unless = v.pipe(
  table(
    {
      /** As in the rule. */
      status: CONDITIONS.status,
      /** As in the rule. */
      media_type: CONDITIONS.media_type,
      /** As in the rule. */
      header: CONDITIONS.header,
      /** As in the rule. */
      json: CONDITIONS.json,
      /** As in the rule. */
      event: CONDITIONS.event,
      /** As in the rule. */
      is: CONDITIONS.is,
    },
    RULE_MESSAGE,
  ),
  v.check((written) => hasItsSubject(written), IS_OF_ONE),
  v.check((written) => hasCondition(written), "must have a condition: status, media_type, header, json or event"),
  v.transform(conditionsOf),
);

const rule = v.pipe(
  table(
    {
      /** A status, such as `429`, `"5xx"` or `"500-504"`, or a list of them. */
      status: CONDITIONS.status,
      /** The media type without parameters, or a list. */
      media_type: CONDITIONS.media_type,
      /** A header that the response has, or a trailer in the body of gRPC-Web. */
      header: CONDITIONS.header,
      /** A JSON Pointer to a member that the body has, or the last event of a `text/event-stream`, other than `null`. */
      json: CONDITIONS.json,
      /** The name of an event in a `text/event-stream`. */
      event: CONDITIONS.event,
      /** The value of the header or member, or a list of values. */
      is: CONDITIONS.is,
      /** The same conditions. The rule does not match where all of them hold. */
      unless: v.optional(unless),
      /** `final`, `not-executed` or `unknown`. */
      outcome: oneOf(["final", "not-executed", "unknown"]),
    },
    RULE_MESSAGE,
  ),
  v.check((written) => hasItsSubject(written), IS_OF_ONE),
  v.check((written) => hasCondition(written) || written.unless !== undefined, NO_CONDITION),
  v.transform(({ unless: exception = null, outcome, ...conditions }): OutcomeRule => {
    return { when: conditionsOf(conditions), unless: exception, outcome };
  }),
);

const UNMATCHED = {
  impossible: "must be able to match: its conditions exclude each other",
  shadowed: "must be able to match: an earlier rule matches every such response",
};

export const outcomes: v.GenericSchema<unknown, readonly OutcomeRule[]> = v.pipe(
  listOf(rule, 'must be a list of rules such as { status = "5xx", outcome = "not-executed" }'),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const rules = dataset.value;
    for (const [key, value] of rules.entries()) {
      const why = whyUnmatched(rules, key);
      if (why === null) continue;
      addIssue({ message: UNMATCHED[why], path: [{ type: "array", origin: "value", input: rules, key, value }] });
    }
  }),
);
