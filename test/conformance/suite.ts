// All checks, in the order of docs/protocol.md as far as topics allow.

import { type Check } from "./check.ts";
import { atMostOnce } from "./checks/at-most-once.ts";
import { bodies } from "./checks/bodies.ts";
import { callers } from "./checks/callers.ts";
import { codedBodies } from "./checks/coded-bodies.ts";
import { codingAndCookies } from "./checks/coding-and-cookies.ts";
import { crash } from "./checks/crash.ts";
import { derivedKeys } from "./checks/derived-keys.ts";
import { echoes } from "./checks/echoes.ts";
import { expiry } from "./checks/expiry.ts";
import { fingerprint } from "./checks/fingerprint.ts";
import { formFingerprint } from "./checks/form-fingerprint.ts";
import { holds } from "./checks/holds.ts";
import { hopByHop } from "./checks/hop-by-hop.ts";
import { hostnames } from "./checks/hostnames.ts";
import { joinedOutcomes } from "./checks/joined-outcomes.ts";
import { joining } from "./checks/joining.ts";
import { jsonFingerprint } from "./checks/json-fingerprint.ts";
import { jsonRpc } from "./checks/json-rpc.ts";
import { jwsFingerprint } from "./checks/jws-fingerprint.ts";
import { keyCarriers } from "./checks/key-carriers.ts";
import { keyPlaces } from "./checks/key-places.ts";
import { keyedAnswers } from "./checks/keyed-answers.ts";
import { keys } from "./checks/keys.ts";
import { lateAnswers } from "./checks/late-answers.ts";
import { loops } from "./checks/loops.ts";
import { mismatch } from "./checks/mismatch.ts";
import { outcomeOrder } from "./checks/outcome-order.ts";
import { outcomeRules } from "./checks/outcome-rules.ts";
import { outcomes } from "./checks/outcomes.ts";
import { passThroughBodies } from "./checks/pass-through-bodies.ts";
import { passThrough } from "./checks/pass-through.ts";
import { policy } from "./checks/policy.ts";
import { probes } from "./checks/probes.ts";
import { problemDocuments } from "./checks/problem-documents.ts";
import { replayFidelity } from "./checks/replay-fidelity.ts";
import { requestHeaders } from "./checks/request-headers.ts";
import { reservedPaths } from "./checks/reserved-paths.ts";
import { tombstones } from "./checks/tombstones.ts";
import { unknown } from "./checks/unknown.ts";

const topics: readonly (readonly Check[])[] = [
  atMostOnce,
  hostnames,
  policy,
  passThrough,
  passThroughBodies,
  keys,
  keyCarriers,
  keyPlaces,
  derivedKeys,
  callers,
  bodies,
  fingerprint,
  jsonFingerprint,
  formFingerprint,
  jwsFingerprint,
  codedBodies,
  jsonRpc,
  loops,
  mismatch,
  joining,
  joinedOutcomes,
  expiry,
  crash,
  holds,
  outcomes,
  outcomeOrder,
  outcomeRules,
  lateAnswers,
  unknown,
  probes,
  tombstones,
  keyedAnswers,
  echoes,
  replayFidelity,
  problemDocuments,
  hopByHop,
  requestHeaders,
  codingAndCookies,
  reservedPaths,
];

/** In the order of their sections. */
export const suite: readonly Check[] = topics
  .flat()
  .sort((a, b) => a.section.localeCompare(b.section, "en", { numeric: true }));
