/**
 * Every reader of text that clients write. A new one joins this list. An export of src/http or src/identity that is in neither list
 * fails the test, and so does a module of another room that has no reader here and no reason in other-modules.ts.
 */

import { parseAccept } from "hono/utils/accept";
import { tenantFor } from "../../../src/config/config.ts";
import { namesInKv, namesServing } from "../../../src/config/entry-names.ts";
import { readOperation, writeOperation } from "../../../src/config/operation.ts";
import { callsAt, methodsOf, strictestPolicy } from "../../../src/config/strictest-policy.ts";
import { sealedIn, isNavigation, isSameOrigin, noticesIn } from "../../../src/console/browser.ts";
import * as consoleForm from "../../../src/console/form.ts";
import { openSession } from "../../../src/console/session.ts";
import * as answerCoding from "../../../src/http/answer-coding.ts";
import * as blanks from "../../../src/http/blanks.ts";
import { BodyBudget } from "../../../src/http/body-budget.ts";
import * as body from "../../../src/http/body.ts";
import * as clientAddress from "../../../src/http/client-address.ts";
import { networkOf } from "../../../src/http/client-address.ts";
import * as cors from "../../../src/http/cors.ts";
import * as echo from "../../../src/http/echo.ts";
import { ReadFields } from "../../../src/http/fields.ts";
import * as headers from "../../../src/http/headers.ts";
import * as host from "../../../src/http/host.ts";
import * as matchingPath from "../../../src/http/matching-path.ts";
import * as methods from "../../../src/http/methods.ts";
import * as negotiation from "../../../src/http/negotiation.ts";
import * as prefer from "../../../src/http/prefer.ts";
import * as probePath from "../../../src/http/probe-path.ts";
import * as problem from "../../../src/http/problem.ts";
import * as requestCoding from "../../../src/http/request-coding.ts";
import { rpcError } from "../../../src/http/rpc-error.ts";
import * as caller from "../../../src/identity/caller.ts";
import * as cookie from "../../../src/identity/cookie.ts";
import * as credentials from "../../../src/identity/credentials.ts";
import * as digest from "../../../src/identity/digest.ts";
import * as fingerprint from "../../../src/identity/fingerprint.ts";
import * as form from "../../../src/identity/form.ts";
import * as idempotencyKey from "../../../src/identity/idempotency-key.ts";
import * as jsonPointer from "../../../src/identity/json-pointer.ts";
import * as jsonRpc from "../../../src/identity/json-rpc.ts";
import * as json from "../../../src/identity/json.ts";
import * as jws from "../../../src/identity/jws.ts";
import * as keyCarrier from "../../../src/identity/key-carrier.ts";
import * as keyFormat from "../../../src/identity/key-format.ts";
import { parseKeyPattern } from "../../../src/identity/key-pattern.ts";
import * as mediaType from "../../../src/identity/media-type.ts";
import * as multipart from "../../../src/identity/multipart.ts";
import * as recordId from "../../../src/identity/record-id.ts";
import { RequestContent } from "../../../src/identity/request-content.ts";
import * as urlencoded from "../../../src/identity/urlencoded.ts";
import * as verifiedClaims from "../../../src/identity/verified-claims.ts";
import * as lists from "../../../src/operator/list-requests.ts";
import * as requests from "../../../src/operator/requests.ts";
import { bearerToken, roleOf } from "../../../src/operator/tokens.ts";
import { countedHeaders, unreadableHeader } from "../../../src/worker/counted-headers.ts";
import { leavesBase, pathOf } from "../../../src/worker/destination.ts";
import { RpcRewriter } from "../../../src/worker/rpc-rewriter.ts";
import { policyEntry } from "./tenant.ts";

/** Reads `text` wherever a client can put it. */
export type Reader = (text: string) => unknown;

const encoder = new TextEncoder();
const tenant = policyEntry();
const counted = countedHeaders({ tenant, policy: tenant.policy });
const url = new URL("https://api.test/v1/charges");
const connection = { edge: "none", address: null } as const;
const tokens = { operator: "o", tenant: null };

/** The platform's own. Node.js has none, and its time is not what is measured. */
Object.assign(crypto.subtle, { timingSafeEqual: () => false });

/** A header can't carry line ends, and here no characters beyond Latin-1. */
function fieldsOf(fields: Readonly<Record<string, string>>): Headers | null {
  const isField = Object.values(fields).every((value) => !/[^\t\x20-\x7e\x80-\xff]/.test(value));
  return isField ? new Headers({ ...fields }) : null;
}

/** Reads `text` as the header `name`. */
function field(name: string, read: (fields: Headers) => unknown): Reader {
  return (text) => {
    const fields = fieldsOf({ [name]: text });
    return fields === null ? null : read(fields);
  };
}

/** Reads `text` alone and after each of `starts`. */
function after(starts: readonly string[], read: Reader): Reader {
  return async (text) => {
    for (const start of ["", ...starts]) await read(start + text);
  };
}

/** Reads `text` by each of `readers`. */
function each(...readers: readonly Reader[]): Reader {
  return async (text) => {
    for (const read of readers) await read(text);
  };
}

function forwarded(name: string): Reader {
  return field(name, (fields) => headers.forwardedFields(new ReadFields(fields), { url, connection, counted }));
}

const ITEMS = {
  header: { kind: "header", name: "authorization" },
  cookie: { kind: "cookie", name: "session" },
  jwt: {
    kind: "jwt",
    verifiedBy: { kind: "secret", name: "S" },
    claims: ["sub"],
    audience: "a",
    issuer: "i",
    algorithms: ["HS256"],
  },
} as const satisfies Record<string, caller.CallerItem>;

function asCaller(item: caller.CallerItem): Reader {
  const rule = { items: [item], anonymous: "shared", onChange: "separate" } as const;
  const verify: caller.VerifyToken = (token, jwt) => verifiedClaims.verifiedClaims(token, jwt, () => "s".repeat(32));
  return field(item.kind === "cookie" ? "cookie" : "authorization", (fields) =>
    caller.callerOf({ headers: fields }, rule, verify),
  );
}

const RULE = fingerprint.resolveFingerprint(
  { body: "json", ignore: [["a"]], firstOf: [[["a"], ["b"]]], only: null, headers: ["x-a"] },
  [[{ kind: "query", name: "k" }]],
);

function identified(contentType: string): Reader {
  return async (text) => {
    const bytes = encoder.encode(text);
    const content = new RequestContent({ contentType, bytes, sha256: "", coding: null });
    const headers = new Headers({ "content-type": contentType });
    const head = { method: "POST", path: "/", query: `?${text}`, headers };
    await fingerprint.fingerprint(
      { ...head, content, keyParts: ["k"], message: jsonRpc.readRpcMessage(content.json) },
      RULE,
    );
  };
}

/** A document in which `text` is, as far as it is JSON or can be quoted. */
function documentOf(text: string): json.JsonNode {
  return json.parseJson(text) ?? json.parseJson(JSON.stringify({ a: text })) ?? "null";
}

function callWith(text: string): string {
  const id = JSON.stringify(text);
  return `{"jsonrpc":"2.0","method":"m","id":${id},"params":{"_meta":{"progressToken":${id}}}}`;
}

const FORM = "application/x-www-form-urlencoded";
const PARTS = "multipart/form-data; boundary=b";
const NO_PLACES: keyCarrier.KeyPlaces = {
  headers: new Headers(),
  query: "",
  document: () => Promise.resolve(null),
  form: () => Promise.resolve(null),
};
const MEDIA_STARTS = ["a/b", 'a/b; c="'] as const;

/** By module and export, as in src. */
export const READERS: Readonly<Record<string, Reader>> = {
  "http/answer-coding.ts contentCoding": (text) => answerCoding.contentCoding(text),
  "http/blanks.ts trimBlanks": (text) => blanks.trimBlanks(text),
  "http/blanks.ts listMembers": (text) => blanks.listMembers(text),
  "http/body.ts declaredLength": field("content-length", body.declaredLength),
  "http/client-address.ts connectionOf": each(
    field("x-forwarded-for", (fields) => clientAddress.connectionOf("proxy", fields, {})),
    (text) => clientAddress.connectionOf("none", new Headers(), { clientIp: text }),
  ),
  "http/request-coding.ts requestCodingOf": field("content-encoding", requestCoding.requestCodingOf),
  "http/request-coding.ts decode": each(
    ...(["gzip", "deflate", "br"] as const).map(
      (coding): Reader =>
        (text) =>
          requestCoding.decode(encoder.encode(text), coding, 1_000_000, { budget: new BodyBudget(), lifeMs: 1 }),
    ),
  ),
  "http/cors.ts corsChanges": field("access-control-expose-headers", (fields) => {
    fields.set("access-control-allow-origin", "*");
    const rule = { origins: ["*"], credentials: false };
    const asked = { origin: fields.get("access-control-expose-headers"), keyHeaders: null, replayedHeader: "r" };
    for (const speaker of ["origin", "gateway"] as const) {
      cors.corsChanges({ ok: true, headers: fields }, speaker, rule, asked);
    }
  }),
  "http/echo.ts echo": field("x-a", (fields) => echo.echo(new Headers(), ["x-a"], fields)),
  "http/headers.ts isLoop": field("cdn-loop", headers.isLoop),
  "http/headers.ts forwardedFields": each(forwarded("connection"), forwarded("via"), forwarded("x-a")),
  "http/headers.ts takeUnread": field("x-a", (fields) => headers.takeUnread([...fields], fields)),
  "http/headers.ts isReplaced": (text) => headers.isReplaced(text.toLowerCase(), "none"),
  "http/fields.ts ReadFields": field("x-a", (fields) => new ReadFields(fields).get("x-a")),
  "http/headers.ts headersOfKeptAnswer": each(
    field("connection", headers.headersOfKeptAnswer),
    field("etag", headers.headersOfKeptAnswer),
  ),
  "http/headers.ts makeVisible": field("connection", headers.makeVisible),
  "http/host.ts isHostOf": after(["a", "[", "a:"], (text) => host.isHostOf(url, text)),
  "http/host.ts isTooLong": (text) => host.isTooLong(text),
  "http/matching-path.ts matchingPath": (text) => matchingPath.matchingPath(text),
  "http/matching-path.ts gainsParentSegment": after(["/%2e"], matchingPath.gainsParentSegment),
  "http/matching-path.ts withoutTrailingDot": (text) => matchingPath.withoutTrailingDot(text),
  "http/methods.ts overridingMethods": field("x-http-method-override", methods.overridingMethods),
  "http/methods.ts isNeverForwarded": field("x-http-method", (fields) => methods.isNeverForwarded("GET", fields)),
  "http/methods.ts comparedMethod": field("x-method-override", (fields) => methods.comparedMethod("GET", fields)),
  "http/negotiation.ts preferredType": (text) => {
    const ranges = text.split(",").map((type) => ({ type, q: 1 }));
    return negotiation.preferredType(ranges, ["application/json", "text/html"]);
  },
  "http/prefer.ts grantedWait": after(["wait", "wait=", "wait=1;"], (text) => prefer.grantedWait(text, 1000)),
  "http/probe-path.ts probePath": (text) => probePath.probePath("/p/{key}", text),
  "http/problem.ts problemResponse": (text) =>
    problem.problemResponse(problem.identified(problem.refuse("key_invalid", text)), url),
  "http/rpc-error.ts rpcError": (text) =>
    rpcError({ ids: [JSON.stringify(text)], isBatch: true, accept: text }, { status: 400, detail: text, data: {} }),
  "http/problem.ts problemType": (text) => problem.problemType(text, url),
  "identity/caller.ts callerOf": each(
    after(["Bearer ", "a"], asCaller(ITEMS.header)),
    after(["session=", "a=b;session"], asCaller(ITEMS.cookie)),
    after(["Bearer ", "Bearer a."], asCaller(ITEMS.jwt)),
  ),
  "identity/cookie.ts cookieNamed": after(["session="], (text) => cookie.cookieNamed("session", text)),
  "identity/credentials.ts canonicalCredentials": after(["a ", "a b=c,", 'a b="'], credentials.canonicalCredentials),
  "identity/digest.ts digestOf": (text) => digest.digestOf([text, null]),
  "identity/digest.ts sha256": (text) => digest.sha256(encoder.encode(text)),
  "identity/fingerprint.ts fingerprint": each(identified("application/json"), identified(FORM), identified(PARTS)),
  "identity/form.ts parseForm": each(
    (text) => form.parseForm(FORM, encoder.encode(text)),
    (text) => form.parseForm(PARTS, encoder.encode(text)),
    after(["multipart/form-data;boundary=", 'multipart/form-data;boundary="'], (text) =>
      form.parseForm(text, new Uint8Array()),
    ),
  ),
  "identity/idempotency-key.ts parseIdempotencyKey": after(['"'], (text) => idempotencyKey.parseIdempotencyKey(text)),
  "identity/idempotency-key.ts parseBodyKey": (text) => idempotencyKey.parseBodyKey(JSON.stringify(text), ["a"]),
  "identity/idempotency-key.ts parsePlainKey": (text) => idempotencyKey.parsePlainKey(text, "a"),
  "identity/idempotency-key.ts composedKey": (text) => idempotencyKey.composedKey([text, text]),
  "identity/idempotency-key.ts writeIdempotencyKey": (text) => idempotencyKey.writeIdempotencyKey(text),
  "identity/json.ts parseJson": after(['"', "1", "[", '{"'], json.parseJson),
  "identity/json.ts parseJsonBytes": (text) => json.parseJsonBytes(encoder.encode(text)),
  "identity/json.ts canonicalJson": (text) => json.canonicalJson(documentOf(text)),
  "identity/json-rpc.ts readRpcMessage": (text) =>
    jsonRpc.readRpcMessage(json.parseJson(callWith(text)) ?? documentOf(text)),
  "identity/json-rpc.ts calledText": (text) =>
    jsonRpc.calledText(json.parseJson(`{"method":"m","params":{"name":${JSON.stringify(text)}}}`) ?? documentOf(text)),
  "identity/json-rpc.ts otherTypeOf": after(["1", "-0."], (text) => jsonRpc.otherTypeOf(JSON.stringify(text))),
  "identity/json-rpc.ts responseId": (text) => jsonRpc.responseId(json.parseJson(callWith(text)) ?? documentOf(text)),
  "identity/json-rpc.ts textOfName": after(["1e", "-1e-"], jsonRpc.textOfName),
  "identity/json-pointer.ts parseJsonPointer": after(["/"], jsonPointer.parseJsonPointer),
  "identity/json-pointer.ts writeJsonPointer": (text) => jsonPointer.writeJsonPointer([text]),
  "identity/json-pointer.ts valueAt": (text) => jsonPointer.valueAt(documentOf(text), ["a", "0"]),
  "identity/json-pointer.ts placesAt": (text) => jsonPointer.placesAt(documentOf(text), [["a"], ["0"]]),
  "identity/key-carrier.ts findKey": each(
    field("k", (fields) => keyCarrier.findKey([[{ kind: "header", name: "k" }]], { ...NO_PLACES, headers: fields })),
    (text) =>
      keyCarrier.findKey([[{ kind: "body", pointer: ["a"] }]], {
        ...NO_PLACES,
        document: () => Promise.resolve(documentOf(text)),
      }),
    after(["k=", "a&k="], (text) =>
      keyCarrier.findKey([[{ kind: "query", name: "k" }]], { ...NO_PLACES, query: `?${text}` }),
    ),
    after(["k=", "a&k="], (text) =>
      keyCarrier.findKey([[{ kind: "form", name: "k" }]], {
        ...NO_PLACES,
        form: () => Promise.resolve(form.parseForm(FORM, encoder.encode(text))),
      }),
    ),
  ),
  "identity/jws.ts readJws": after(["eyJ", "eyJhbGciOiJhIn0.", "eyJhbGciOiJhIn0.e30."], (text) =>
    jws.readJws(encoder.encode(text)),
  ),
  "identity/key-format.ts hasFormat": each(
    ...(["any", "uuid", "uuidv7"] as const).map(
      (kind): Reader =>
        (text) =>
          keyFormat.hasFormat(text, { kind }),
    ),
    (text) =>
      keyFormat.hasFormat(text, { kind: "pattern", pattern: parseKeyPattern("(a+)+b"), min: 1, max: 1_000_000 }),
  ),
  "identity/media-type.ts parseMediaType": after(MEDIA_STARTS, mediaType.parseMediaType),
  "identity/media-type.ts readMediaType": after(MEDIA_STARTS, mediaType.readMediaType),
  "identity/media-type.ts bodyKindOf": after(MEDIA_STARTS, mediaType.bodyKindOf),
  "identity/media-type.ts isUtf8": after(["charset="], mediaType.isUtf8),
  "identity/media-type.ts essenceOf": (text) => mediaType.essenceOf(text),
  "identity/multipart.ts parseMultipart": after(["--b\r\n", '--b\r\nContent-Disposition: form-data; name="a'], (text) =>
    multipart.parseMultipart(encoder.encode(text), "b"),
  ),
  "identity/record-id.ts keyDigest": (text) => recordId.keyDigest(text),
  "identity/record-id.ts recordId": (text) =>
    recordId.recordId({ tenant: text, method: text, path: text, caller: text, key: text, isDerived: false }),
  "identity/request-content.ts RequestContent": each(
    ...["application/json", "application/jwt", FORM, PARTS].map((contentType): Reader => (text) => {
      const content = { contentType, bytes: encoder.encode(text), sha256: "", coding: null };
      const { document, form } = new RequestContent(content);
      return [document, form];
    }),
  ),
  "identity/urlencoded.ts parseUrlencoded": (text) => urlencoded.parseUrlencoded(encoder.encode(text)),
  "identity/verified-claims.ts verifiedClaims": after(["a.b.", "eyJ"], (text) =>
    verifiedClaims.verifiedClaims(text, ITEMS.jwt, () => "s".repeat(32)),
  ),
  "identity/verified-claims.ts unverifiedClaims": after(["a."], verifiedClaims.unverifiedClaims),

  // Of other rooms.
  "config/entry-names.ts namesServing": after(["", "a."], (text) => [...namesServing(text)]),
  "config/entry-names.ts namesInKv": (text) => namesInKv(text),
  "config/config.ts tenantFor": (text) => tenantFor({ tenants: new Map(), faults: [], unreadable: false }, text),
  "config/entry.ts parseEntry": each(
    (text) => tenant.policyFor("POST", `/${text}`),
    (text) => tenant.policyFor(text, "/"),
  ),
  "config/strictest-policy.ts strictestPolicy": each(
    field("x-http-method-override", (fields) => strictestPolicy(tenant, { method: "POST", headers: fields }, "/")),
    (text) => strictestPolicy(tenant, { method: "POST", headers: new Headers() }, `/${text}`),
  ),
  "config/strictest-policy.ts methodsOf": field("x-http-method-override", (fields) =>
    methodsOf({ method: "POST", headers: fields }),
  ),
  "config/strictest-policy.ts callsAt": each(
    field("x-http-method-override", (fields) => callsAt(tenant, { method: "POST", headers: fields }, "/")),
    (text) => callsAt(tenant, { method: "POST", headers: new Headers() }, `/${text}`),
  ),
  "config/operation.ts writeOperation": (text) => writeOperation("POST", "/", [text]),
  "config/operation.ts readOperation": after(["", "POST ", "POST / "], (text) => readOperation(text)),
  "worker/rpc-rewriter.ts RpcRewriter": after(['{"id":', '{"id":5,"', "data:"], (text) => {
    for (const isEvents of [false, true]) {
      const rewriter = new RpcRewriter({ ids: new Map([["5e0", "6"]]), tokens: new Map() }, isEvents);
      for (const piece of ["", text, text]) {
        try {
          rewriter.push(encoder.encode(piece));
        } catch {
          // A number that is too long.
          return;
        }
      }
    }
  }),
  "worker/destination.ts pathOf": (text) => pathOf(new Request(`https://api.test/${encodeURI(text)}`)),
  "worker/destination.ts leavesBase": (text) =>
    leavesBase({ tenant, url: new URL(`https://api.test/${encodeURI(text)}`) }),
  "worker/counted-headers.ts unreadableHeader": field("content-type", (fields) => unreadableHeader(fields, counted)),
  "operator/tokens.ts bearerToken": after(["Bearer ", "Bearer a"], bearerToken),
  "operator/tokens.ts roleOf": (text) => roleOf(tokens, text),
  "http/client-address.ts networkOf": after(["[", "::ffff:", "1.2.3.4:"], networkOf),
  "operator/requests.ts readBody": after(['{"why":"', '{"operation":"POST /', '{"headers":{"'], async (text) => {
    for (const schema of [requests.FIND, requests.SETTLE, requests.WHY]) {
      await requests.readBody(new Request(url, { method: "POST", body: text }), schema);
    }
  }),
  "operator/requests.ts readQuery": after(
    ["cursor=", "operation=", "older_than=", "from=", "status=", "caller="],
    (text) => {
      const asked = new URL(`?${text}`, url);
      for (const schema of [lists.JOURNAL_QUERY, lists.AUDIT_QUERY, lists.COUNTS_QUERY]) {
        requests.readQuery(asked, schema);
      }
    },
  ),
  "operator/requests.ts checked": (text) => {
    for (const value of [
      { why: text },
      { [text]: text },
      { operation: `POST /${text}`, key: text, certificate: text },
    ]) {
      requests.checked(value, requests.FIND);
    }
  },
  "console/form.ts readForm": (text) => consoleForm.readForm(new Request(url, { method: "POST", body: text })),
  "console/form.ts actionIn": (text) =>
    consoleForm.actionIn(new URLSearchParams({ choice: "final", why: text, type: text, body: text, status: text })),
  "console/form.ts descriptionIn": after(["a:", "a: b\n"], (text) =>
    consoleForm.descriptionIn(new URLSearchParams({ headers: text, operation: text, certificate: text, key: text })),
  ),
  "console/browser.ts sealedIn": field("cookie", sealedIn),
  "console/browser.ts noticesIn": field("cookie", noticesIn),
  "console/browser.ts isNavigation": field("sec-fetch-dest", isNavigation),
  "console/browser.ts isSameOrigin": field("origin", (fields) => isSameOrigin(fields, url)),
  "console/session.ts openSession": (text) => openSession(tokens, "api.test", text, 0),
  "hono's parseAccept": (text) => parseAccept(text),
};
