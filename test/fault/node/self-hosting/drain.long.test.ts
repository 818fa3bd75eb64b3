import { type ServerResponse } from "node:http";
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { bounded, eventually } from "../../../conformance/bounded.ts";
import { type Launcher, newFolder, post, startApi, startLauncher } from "./rig.ts";

/** An API that answers when `release` is called, and the keys that it has executed. */
async function startHeldApi() {
  const held: (() => void)[] = [];
  const answers = (key: string, response: ServerResponse): void => {
    held.push(() => void response.writeHead(201).end(`executed ${key}`));
  };
  const api = await startApi(answers);
  const release = (): void => {
    for (const answer of held.splice(0)) answer();
  };
  return { ...api, release };
}

async function isDraining({ output }: Launcher): Promise<void> {
  const look = async () => (output().includes("SIGTERM: requests that run have") ? true : undefined);
  await eventually(look, { withinMs: 10_000, everyMs: 20, what: "the drain", saw: output });
}

/** Sends a request by hand, and leaves before its response. */
async function leave(url: string, key: string, how: "close" | "reset", arrived: Promise<void>): Promise<void> {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  const head = `POST /orders HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer test\r\nidempotency-key: ${key}`;
  socket.write(`${head}\r\ncontent-length: 0\r\n\r\n`);
  await arrived;
  if (how === "reset") socket.resetAndDestroy();
  else socket.destroy();
  // The runtime sees a reset at once, and a close not at all.
  await new Promise((resolve) => setTimeout(resolve, 500));
}

describe("P1, P3: a stop by SIGTERM", () => {
  test("lets a running attempt end, answers its client, reads nothing new, and keeps the record", async () => {
    const api = await startHeldApi();
    const args = ["run", `--storage=${newFolder()}`];
    const first = await startLauncher(args, { ORIGIN: api.url });
    const running = post(first.url, "running");
    await api.arrived("running");
    first.signal("SIGTERM");
    await isDraining(first);
    const late = post(first.url, "late");
    // A second signal changes nothing.
    first.signal("SIGTERM");
    setTimeout(api.release, 1000);
    expect(await running).toEqual({ status: 201, mark: "executed", text: "executed running" });
    expect(await late).toBeNull();
    expect(await first.ended).toBe(0);

    const again = await startLauncher(args, { ORIGIN: api.url });
    expect(await post(again.url, "running")).toEqual({ status: 201, mark: "replayed", text: "executed running" });
    expect([...api.executions]).toEqual([["running", 1]]);
  });

  test("lets an attempt end whose client has closed its connection", async () => {
    const api = await startHeldApi();
    const args = ["run", `--storage=${newFolder()}`];
    const first = await startLauncher(args, { ORIGIN: api.url });
    await leave(first.url, "left", "close", api.arrived("left"));
    first.signal("SIGTERM");
    await isDraining(first);
    setTimeout(api.release, 1000);
    expect(await first.ended).toBe(0);

    const again = await startLauncher(args, { ORIGIN: api.url });
    expect(await post(again.url, "left")).toMatchObject({ status: 201, mark: "replayed" });
    expect([...api.executions]).toEqual([["left", 1]]);
  });

  test("cuts an attempt whose client has reset its connection, whose outcome is then unknown", async () => {
    const api = await startHeldApi();
    const args = ["run", `--storage=${newFolder()}`];
    const first = await startLauncher(args, { ORIGIN: api.url });
    await leave(first.url, "reset", "reset", api.arrived("reset"));
    first.signal("SIGTERM");
    expect(await bounded(first.ended, 20_000, "the end")).toBe(0);

    const again = await startLauncher(args, { ORIGIN: api.url });
    expect(await post(again.url, "reset")).toMatchObject({ status: 409, mark: "unknown" });
    expect([...api.executions]).toEqual([["reset", 1]]);
  });

  test("cuts what runs longer than --drain, whose outcome is then unknown", async () => {
    const api = await startHeldApi();
    const args = ["run", `--storage=${newFolder()}`, "--drain=1"];
    const first = await startLauncher(args, { ORIGIN: api.url });
    const running = post(first.url, "slow");
    await api.arrived("slow");
    first.signal("SIGINT");
    expect(await first.ended).toBe(4);
    expect(first.output()).toMatch(/stopped; attempts that still ran are cut, and their outcome is unknown\n$/);
    expect(await running).toBeNull();

    const again = await startLauncher(args, { ORIGIN: api.url });
    expect(await post(again.url, "slow")).toMatchObject({ status: 409, mark: "unknown" });
    expect([...api.executions]).toEqual([["slow", 1]]);
  });
});
