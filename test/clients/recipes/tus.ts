/** Resumable uploads: creating one needs a key, and its pieces have offsets. */

import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Account, type Recipe, accounts, answersOf } from "./recipe.ts";
import { connectTus } from "./snippets/tus.ts";

/** The connection breaks when the upload has been created. */
type Step = "breaks off";

const accountOf = accounts<Step>();

const DIRECTORY = mkdtempSync(join(tmpdir(), "oncegate-uploads-"));

const server = new Server({
  path: "/files",
  relativeLocation: true,
  datastore: new FileStore({ directory: DIRECTORY }),
  onUploadCreate: (request) => {
    accountOf(request.headers.get("authorization") ?? "").effects += 1;
    return Promise.resolve({});
  },
});

interface Uploader {
  readonly account: Account<Step>;
  readonly token: string;
  readonly key: string;
}

function newUploader(...script: Step[]): Uploader {
  const token = randomUUID();
  const account = accountOf(`Bearer ${token}`);
  account.script.push(...script);
  return { account, token, key: randomUUID() };
}

/** Two pieces and a half. */
const FILE_BYTES = 2_500_000;

/** What the server has of the upload at `url`. */
function stored(url: string | null): Promise<Buffer> {
  return readFile(join(DIRECTORY, url?.split("/").at(-1) ?? ""));
}

const PASSES = { what: "passes" } as const;
const LOSES_ANSWER = { what: "loses the answer" } as const;
const LOSES_REQUEST = { what: "loses the request" } as const;

export const TUS: Recipe = {
  title: "Resumable uploads",
  snippets: ["tus.ts"],
  origin: (request, response) => {
    const { script } = accountOf(request.headers.authorization);
    // The head of the answer is on its way when the connection breaks.
    if (request.method === "POST" && script.shift() !== undefined)
      response.writeHead = () => request.socket.destroy() && response;
    void server.handle(request, response);
  },
  tests: (connect) => {
    afterAll(() => rm(DIRECTORY, { recursive: true }));

    test("a file is created once and arrives whole, whatever is lost", async () => {
      const { account, token, key } = newUploader();
      const network = await connect([LOSES_ANSWER, PASSES, LOSES_ANSWER, PASSES, LOSES_REQUEST, PASSES]);
      const file = randomBytes(FILE_BYTES);
      const url = await connectTus(network.url, token)(file, key);
      expect((await stored(url)).equals(file)).toBe(true);
      // Each loss of a piece is followed by a question for the offset.
      expect(answersOf(network).join(" ")).toBe("executed replayed unmarked unmarked none unmarked unmarked unmarked");
      expect(account.effects).toBe(1);
    });

    test("a file whose creation has no known outcome is created again", async () => {
      const { account, token, key } = newUploader("breaks off");
      const network = await connect([]);
      const file = randomBytes(FILE_BYTES);
      const url = await connectTus(network.url, token)(file, key);
      expect((await stored(url)).equals(file)).toBe(true);
      expect(answersOf(network).slice(0, 2)).toEqual(["502 origin_unreachable", "executed"]);
      // The first one stays empty.
      expect(account.effects).toBe(2);
    });

    test("an upload that is started again under its key goes on", async () => {
      const { account, token, key } = newUploader();
      const network = await connect([]);
      const file = randomBytes(FILE_BYTES);
      const upload = connectTus(network.url, token);
      expect(await upload(file, key)).toBe(await upload(file, key));
      expect(account.effects).toBe(1);
    });
  },
};
