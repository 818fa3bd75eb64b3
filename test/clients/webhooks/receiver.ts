/** A receiver of webhooks: verifies each delivery, and does with its event what the test wants. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type Signal } from "../../conformance/bounded.ts";
import { listen } from "../listen.ts";
import { SENDERS } from "./senders.ts";

/** What becomes of one delivery. Later ones are handled at once. */
export type Step =
  /** Rolls back, and answers 500. */
  | { readonly does: "fails" }
  /** Dies before it has handled the event: the connection is reset. */
  | { readonly does: "dies" }
  /** Handles it when it is released. */
  | { readonly does: "works"; readonly begun: Signal; readonly released: Promise<void> };

export interface Event {
  /** How often the event was handled. */
  handled: number;
  readonly script: Step[];
}

export interface Receiver {
  readonly url: string;
  readonly event: (id: string) => Event;
  readonly stop: () => Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const events = new Map<string, Event>();
  const eventOf = (id: string): Event => {
    const event = events.get(id) ?? { handled: 0, script: [] };
    events.set(id, event);
    return event;
  };
  const server = createServer((request, response) => void receive(request, response, eventOf));
  return {
    url: await listen(server),
    event: eventOf,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
}

async function receive(
  request: IncomingMessage,
  response: ServerResponse,
  eventOf: (id: string) => Event,
): Promise<void> {
  const body = await text(request);
  const id = verified(request, body);
  if (id === null) {
    response.writeHead(401).end("the signature is not valid");
    return;
  }
  const event = eventOf(id);
  const step = event.script.shift();
  if (step?.does === "dies") {
    request.socket.resetAndDestroy();
    return;
  }
  if (step?.does === "fails") {
    response.writeHead(500).end("rolled back");
    return;
  }
  if (step?.does === "works") {
    step.begun.give();
    await step.released;
  }
  event.handled += 1;
  response.writeHead(200, { "content-type": "text/plain" }).end(`handled ${event.handled}`);
}

function verified({ url, headers }: IncomingMessage, body: string): string | null {
  const sender = SENDERS.find(({ path }) => path === url);
  if (sender === undefined) return null;
  try {
    return sender.verify(headers, body);
  } catch {
    // Each library throws an error of its own for a signature that is not valid. The test sees the 401.
    return null;
  }
}
