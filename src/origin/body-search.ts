/** Searches the body of an answer, while it passes, for what outcome rules ask of it (docs/protocol.md 5.2). */

import { type EventSourceParser, createParser } from "eventsource-parser";
import { valueAt } from "../identity/json-pointer.ts";
import { parseJson } from "../identity/json.ts";
import { type BodyFacts, type BodyNeeds, EVENT_STREAM, UNREAD_BODY } from "../record/outcome-rule.ts";
import { type BodySource } from "./answer-body.ts";
import { GrpcWebTrailers } from "./grpc-web-trailers.ts";

/** A larger body is not read as JSON. It bounds memory and parsing, as for requests. */
const JSON_BYTES_MAX = 1_000_000;

/** An event with more text makes the stream unreadable. Only one that has not ended is in memory. */
const EVENT_CHARACTERS_MAX = 1_000_000;

/** In place of an array or an object: no scalar has this form. */
const NOT_SCALAR = "[";

export class BodySearch {
  readonly #json: JsonText | EventStream | null;
  readonly #events: EventStream | null;
  readonly #trailers: GrpcWebTrailers | null;
  #isOver = false;

  /** `mediaType` is that of the body: in an event stream, JSON is the data of an event. */
  constructor({ json, events, trailers }: BodyNeeds, mediaType: string) {
    const hasEvents = mediaType === EVENT_STREAM;
    const stream = events.length > 0 || (json && hasEvents) ? new EventStream(events, json && hasEvents) : null;
    this.#json = json ? (hasEvents ? stream : new JsonText()) : null;
    this.#events = stream;
    this.#trailers = trailers === null ? null : new GrpcWebTrailers(trailers);
  }

  add(piece: Uint8Array): void {
    if (this.#isOver) return;
    this.#events?.add(piece);
    if (this.#json !== this.#events) this.#json?.add(piece);
    this.#trailers?.add(piece);
  }

  /** What the body shows. `isWhole`: all of it was added. A part shows nothing, and nothing more is searched. */
  facts(isWhole: boolean): BodyFacts {
    this.#isOver = true;
    if (!isWhole) return UNREAD_BODY;
    return {
      json: this.#json?.json() ?? null,
      events: this.#events?.names() ?? null,
      trailer: this.#trailers?.read() ?? null,
    };
  }
}

/** `source`, whose pieces `search` sees before they are recorded. */
export function searched(source: BodySource, search: BodySearch | null): BodySource {
  if (search === null) return source;
  return {
    next: async () => {
      const part = await source.next();
      if (part.kind === "piece") search.add(part.bytes);
      return part;
    },
    drain: () => source.drain(),
  };
}

/** The text of a body that may be JSON. */
class JsonText {
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  /** Null where it can't be JSON, or is too long. */
  #text: string | null = "";
  #bytes = 0;

  add(piece: Uint8Array): void {
    this.#bytes += piece.byteLength;
    if (this.#text !== null) this.#text = this.#bytes > JSON_BYTES_MAX ? null : this.#decoded(this.#text, piece);
  }

  json(): BodyFacts["json"] {
    if (this.#bytes === 0) return NO_MEMBER;
    return membersOf(this.#text === null ? null : this.#decoded(this.#text));
  }

  /** `text` with the piece, or with its end. */
  #decoded(text: string, piece?: Uint8Array): string | null {
    try {
      return text + this.#decoder.decode(piece, { stream: piece !== undefined });
    } catch {
      // Not UTF-8, so not JSON (RFC 8259, 8.1).
      return null;
    }
  }
}

/** Of a body, or a stream, without content. */
const NO_MEMBER: BodyFacts["json"] = () => null;

/** Null where `text` is null, or is not JSON that can be read in one way only. */
function membersOf(text: string | null): BodyFacts["json"] {
  const document = text === null ? null : parseJson(text);
  return document === null ? null : (pointer) => scalarOf(valueAt(document, pointer));
}

function scalarOf(node: ReturnType<typeof valueAt>): string | null {
  if (node === undefined || node === "null") return null;
  return typeof node === "string" ? node : NOT_SCALAR;
}

/**
 * Which of the events that rules name are in a stream, and the data of its last event, which ends it: the response of a call, or
 * an error. All else is forgotten: a stream may have a new name for each event.
 */
class EventStream {
  readonly #decoder = new TextDecoder();
  readonly #parser: EventSourceParser;
  readonly #names = new Set<string>();
  #last: string | null = null;
  #isUnreadable = false;

  constructor(wanted: readonly string[], wantsJson: boolean) {
    this.#parser = createParser({
      onEvent: ({ event = "message", data }) => {
        if (wanted.includes(event)) this.#names.add(event);
        // The parser bounds only what it waits for more of.
        this.#isUnreadable ||= data.length > EVENT_CHARACTERS_MAX;
        if (wantsJson && data !== "" && !this.#isUnreadable && !isRequest(data)) this.#last = data;
      },
      onError: ({ type }) => (this.#isUnreadable ||= type === "max-buffer-size-exceeded"),
      maxBufferSize: EVENT_CHARACTERS_MAX,
    });
  }

  add(piece: Uint8Array): void {
    if (!this.#isUnreadable) this.#parser.feed(this.#decoder.decode(piece, { stream: true }));
  }

  /** Null where the stream can't be read. An event without its end does not count (HTML, 9.2.6). */
  names(): ReadonlySet<string> | null {
    return this.#isUnreadable ? null : this.#names;
  }

  json(): BodyFacts["json"] {
    if (this.#isUnreadable) return null;
    return this.#last === null ? NO_MEMBER : membersOf(this.#last);
  }
}

/** A request or notification of JSON-RPC 2.0, which may come before or after the response. Most other data is not parsed here. */
function isRequest(data: string): boolean {
  if (!data.includes('"method"')) return false;
  const message = parseJson(data);
  const method = message === null ? undefined : valueAt(message, ["method"]);
  // Some servers write `null` for a member that is not there.
  return method !== undefined && method !== "null";
}
