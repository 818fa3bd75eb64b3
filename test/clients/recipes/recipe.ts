/** What a recipe of docs/recipes.md needs to be run: an origin behind the gateway, and tests through a network that has faults. */

import { type IncomingMessage, type RequestListener, type ServerResponse, createServer } from "node:http";
import { text } from "node:stream/consumers";
import { type Signal, pause, signal } from "../../conformance/bounded.ts";
import { type Gateway, startGateway } from "../../fault/node/gateway.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../fault-proxy.ts";
import { listen } from "../listen.ts";
import { type PageRecipe, readRecipes } from "./page.ts";

export interface Recipe {
  /** The heading of its section. */
  readonly title: string;
  /** The files in `snippets/` that the section shows, in its order. */
  readonly snippets: readonly string[];
  /** The API behind every hostname of the recipe. */
  readonly origin: RequestListener;
  /** Declares the tests. They run at the same time, so each has a caller of its own. */
  readonly tests: (connect: Connect) => void;
}

/** A network between a client and a hostname of the recipe, the first one unless `host` is another. Later requests pass. */
export type Connect = (faults: readonly Fault[], host?: string) => Promise<FaultProxy>;

export interface Kitchen {
  readonly connect: (recipe: Recipe) => Connect;
  readonly stop: () => Promise<void>;
}

/** One gateway with the tenants of all `recipes` as the page configures them. Only `origin` is another URL. */
export async function startKitchen(recipes: readonly Recipe[]): Promise<Kitchen> {
  const page = readRecipes();
  const servers = recipes.map(({ origin }) => createServer(origin));
  const urls = await Promise.all(servers.map(listen));
  const tenants = recipes.flatMap(({ title }, index) =>
    Object.entries(pageRecipe(page, title).tenants).map(([host, entry]) => [host, { ...entry, origin: urls[index] }]),
  );
  const gateway: Gateway = await startGateway(Object.fromEntries(tenants) as Record<string, unknown>);
  const networks: FaultProxy[] = [];
  return {
    connect: ({ title }) => {
      const hosts = Object.keys(pageRecipe(page, title).tenants);
      return async (faults, host = hosts[0] ?? "") => {
        const network = await startFaultProxy(gateway.url, host, faults);
        networks.push(network);
        return network;
      };
    },
    stop: async () => {
      await Promise.all(networks.map((network) => network.stop()));
      await gateway.stop();
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => void server.close(resolve))));
    },
  };
}

export function pageRecipe(page: ReadonlyMap<string, PageRecipe>, title: string): PageRecipe {
  const found = page.get(title);
  if (found === undefined) throw new Error(`docs/recipes.md has no recipe "${title}"`);
  return found;
}

/** What the origin did for one caller. */
export interface Account<Step> {
  /** How often it did what was asked. */
  effects: number;
  /** What it does with the next requests, in the words of the recipe. Without a step, it does what is asked. */
  readonly script: Step[];
  /** If set, the next request waits in the middle of its work. */
  hold: Hold | null;
}

export interface Hold {
  readonly begun: Signal;
  readonly released: Signal;
}

/** The next request of `account` waits, once it has begun, until it is released. */
export function holdNext(account: Account<unknown>): {
  readonly begun: Promise<void>;
  readonly release: () => void;
} {
  const hold: Hold = { begun: signal(), released: signal() };
  account.hold = hold;
  return { begun: hold.begun.given, release: hold.released.give };
}

/** Where the origin waits, if its account is on hold. */
export async function untilReleased(account: Account<unknown>): Promise<void> {
  const { hold } = account;
  account.hold = null;
  hold?.begun.give();
  await hold?.released.given;
}

/** Nothing shows that a request has begun to wait, so it gets the time to. */
const JOIN_MS = 300;

/** Resolves when `requests` in all have been passed on, and the last one waits for the original. */
export async function joined(network: FaultProxy, requests: number): Promise<void> {
  await network.passedOn(requests);
  await pause(JOIN_MS);
}

/** The accounts of an origin, by caller: a bearer token, a cookie. */
export function accounts<Step>(): (caller: string | undefined) => Account<Step> {
  const all = new Map<string, Account<Step>>();
  return (caller = "") => {
    const account = all.get(caller) ?? { effects: 0, script: [], hold: null };
    all.set(caller, account);
    return account;
  };
}

/** The JSON of a request. */
export async function readJson<T>(request: IncomingMessage): Promise<T> {
  return JSON.parse(await text(request)) as T;
}

export function sendJson(
  response: ServerResponse,
  body: object,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers });
  response.end(bytes);
}

/** What the gateway answered, in the order of the requests. */
export function answersOf({ exchanges }: FaultProxy): string[] {
  return exchanges.map(({ answer }) => answer);
}
