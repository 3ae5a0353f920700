/**
 * More connections than descriptors, idle, half sent or unread: the daemon survives, and its owner
 * can connect.
 */
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connectionLimits } from "../../daemon/http/connections.js";
import { buildServer } from "../../daemon/http/server.js";
import { Client } from "../../protocol/client/client.js";
import type { TestDaemon } from "../harness/daemon.js";
import { Served } from "../harness/served.js";
import { useDirectories } from "../harness/temporary.js";
import { counts } from "./mode.js";
import { eventually, recordThat, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";

const directory = useDirectories();

const FEW_DESCRIPTORS = ["sh", "-c", 'ulimit -n 256 && exec "$@"', "sh"];

const HALF_HEAD = "GET /v1/daemon HTTP/1.1\r\nhost: x\r\n";
const HALF_BODY = "POST /v1/operations HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
const WATCH = "GET /v1/watch HTTP/1.1\r\nhost: x\r\n\r\n";

/** Connections that send the text and nothing more; closed at the end of the test. */
async function connections(socket: string, count: number, text: string): Promise<Socket[]> {
  const all: Socket[] = [];
  onTestFinished(() => {
    for (const each of all) each.destroy();
  });
  await Promise.all(
    Array.from({ length: count }, async () => {
      const each = await connected(socket);
      all.push(each);
      if (text !== "") each.write(text);
    }),
  );
  return all;
}

/** A connection; tried again while the daemon's queue of connections is full. */
function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(socket));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EAGAIN") setTimeout(() => resolve(connected(path)), 10);
      else reject(error);
    });
  });
}

/** What came over a connection until it closed. */
async function untilClosed(socket: Socket): Promise<string> {
  let said = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  if (!socket.closed) await once(socket, "close");
  return said;
}

/** An operation runs to its end: workers, run files and the journal have their descriptors. */
async function expectWorks(daemon: TestDaemon, name: string): Promise<void> {
  const gate = join(daemon.world.dir, name);
  const { id } = await daemon.submit("gate", { params: { gate } });
  await recordThat(daemon, id, ({ stageStates }) => stageStates.Wait === "active");
  writeFileSync(`${gate}.1`, "");
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
}

test.each([
  ["idle", ""],
  ["half of a head", HALF_HEAD],
  ["half of a body", HALF_BODY],
])(
  "300 connections at a limit of 256 descriptors, each %s: the daemon works, and its owner gets in",
  async (what, text) => {
    await using daemon = await startDaemon(["gate"], { enter: FEW_DESCRIPTORS });
    await connections(daemon.world.socket, 300, text);
    await expectWorks(daemon, "first");
    await connections(daemon.world.socket, counts(300, 3000), text);
    await expectWorks(daemon, "second");
    expect((await daemon.client.daemon()).pid).toBe(daemon.pid);
    record({ fault: `connections: ${what}`, injected: 600, survived: 2, lost: 0, duplicated: 0 });
  },
);

test("too many watch and event streams are refused with 503, and all else still gets in", async () => {
  await using daemon = await startDaemon(["gate"], { enter: FEW_DESCRIPTORS });
  const gate = join(daemon.world.dir, "watched");
  const { id } = await daemon.submit("gate", { params: { gate } });
  await recordThat(daemon, id, ({ stageStates }) => stageStates.Wait === "active");
  const events = `GET /v1/operations/${id}/events?follow=1 HTTP/1.1\r\nhost: x\r\n\r\n`;
  await connections(daemon.world.socket, 100, WATCH);
  await connections(daemon.world.socket, 100, events);
  const refusal = { code: "LIVEOPS_TOO_MANY_WATCHERS", status: 503 };
  await expect(daemon.client.watch().next()).rejects.toMatchObject(refusal);
  await expect(daemon.client.events(id, { follow: true }).next()).rejects.toMatchObject(refusal);
  await expectWorks(daemon, "beside");
  writeFileSync(`${gate}.1`, "");
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded" });
});

test("where all are in use, the connection that is idle for longest goes for a new one, and a stream stays", async () => {
  await using daemon = await startDaemon(["gate"], { concurrency: 2, enter: FEW_DESCRIPTORS });
  const { connections: most } = connectionLimits(2, 256);
  const [watcher] = await connections(daemon.world.socket, 1, WATCH);
  await once(watcher!, "data");
  const [oldest] = await connections(daemon.world.socket, 1, "");
  const closed = untilClosed(oldest!);
  const newer = await connections(daemon.world.socket, most - 2, "");
  expect((await daemon.client.daemon()).watchers).toBe(1);
  expect(await closed).toBe("");
  expect(newer.some((each) => each.closed)).toBe(false);
  expect(watcher!.closed).toBe(false);
});

test("requests that do not arrive in time are refused and closed; a stream that is older is not", async () => {
  const served = await Served.start(directory());
  const app = buildServer(served.context, { headers: 200, request: 400, check: 50 });
  const socket = join(directory(), "short.sock");
  await app.listen({ path: socket });
  onTestFinished(async () => {
    served.context.hub.stop();
    await app.close();
    await served.close();
  });
  const client = new Client(socket);
  const began = performance.now();
  const [watcher] = await connections(socket, 1, WATCH);
  await once(watcher!, "data");
  const late = (
    await Promise.all([HALF_HEAD, HALF_BODY, ""].map((text) => connections(socket, 1, text)))
  ).flat();
  const answers = await Promise.all(late.map(untilClosed));
  for (const answer of answers.slice(0, 2))
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*the request did not arrive in time/);
  // Five times the time in which a request must arrive has passed for the stream.
  await expect.poll(() => performance.now() - began, { timeout: 10_000 }).toBeGreaterThan(2000);
  expect(watcher!.closed).toBe(false);
  expect((await client.daemon()).watchers).toBe(1);
});

test("unfinished bodies: the oldest are refused where more has arrived than the daemon holds", async () => {
  const served = await Served.start(directory());
  const client = await served.listen();
  onTestFinished(() => served.close());
  const MIB = 1024 * 1024;
  const text = `POST /v1/operations HTTP/1.1\r\nhost: x\r\ncontent-length: ${4 * MIB}\r\n\r\n${" ".repeat(3 * MIB)}`;
  const sockets: Socket[] = [];
  const answers: string[] = [];
  for (let n = 0; n < 40; n++) {
    const [socket] = await connections(served.context.settings.socket, 1, text);
    socket!.setEncoding("utf8").once("data", (answer: string) => answers.push(answer));
    sockets.push(socket!);
  }
  await eventually("all has arrived", () =>
    sockets.every(({ writableLength }) => writableLength === 0),
  );
  await eventually("no more than 64 MiB is held", () => answers.length >= 19);
  for (const answer of answers)
    expect(answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*unfinished requests hold more than 64 MiB/);
  expect(answers.length).toBeLessThan(40);
  expect(await client.submit({ op: "load-process-save" }, "key")).toMatchObject({
    state: "queued",
  });
});

test("the limits leave descriptors for the daemon's own files and for each running operation", () => {
  expect(connectionLimits(2, 1_000_000)).toEqual({ connections: 1024, streams: 512 });
  for (const descriptors of [256, 512, 1024, 4096])
    for (const concurrency of [2, 8, 16]) {
      const { connections: most, streams } = connectionLimits(concurrency, descriptors);
      const taken = most + 2 * streams + 12 * concurrency;
      expect(taken, `${descriptors} ${concurrency}`).toBeLessThanOrEqual(
        Math.max(descriptors - 60, 60 + 12 * 16),
      );
    }
  expect(connectionLimits(1000, 256).connections).toBe(16);
});
