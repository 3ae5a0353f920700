/**
 * A stopped, hanging or partly answering daemon: each command ends in time and names the next
 * command.
 */
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Client } from "../../protocol/client/client.js";
import { ConnectionLostError, NoAnswerError } from "../../protocol/client/errors.js";
import { followChain } from "../../protocol/client/follow.js";
import { newId } from "../../protocol/id.js";
import { FakeDaemon } from "../harness/fake-daemon.js";
import { useDirectories } from "../harness/temporary.js";
import { runBin } from "./run-bin.js";
import { inStage, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";

const directory = useDirectories();

/** A peer that takes every connection and says `text`, then nothing. */
async function peerThatSays(text: string): Promise<string> {
  const socket = join(directory(), "peer.sock");
  const connections = new Set<Socket>();
  const server = createServer((connection) => {
    connections.add(connection.on("error", () => {}));
    if (text !== "") connection.write(text);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  onTestFinished(() => {
    for (const connection of connections) connection.destroy();
    server.close();
  });
  return socket;
}

/** Seconds that it took, and what came of it. */
async function timed<T>(work: Promise<T>): Promise<{ seconds: number; value: T }> {
  const began = performance.now();
  const value = await work;
  return { seconds: (performance.now() - began) / 1000, value };
}

const HALF =
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"id":';

test("a daemon whose queue of connections is full is asked until the deadline, and again when it continues", async () => {
  await using daemon = await startDaemon(["gate"]);
  const { socket } = daemon.world;
  daemon.signal("SIGSTOP");
  const held: Socket[] = [];
  const warnings: string[] = [];
  const warned = ({ name }: Error) => warnings.push(name);
  process.on("warning", warned);
  const connected = timed(
    new Client(socket, { answer: 2000 })
      .daemon()
      .catch((error: unknown) => expect(error).toBeInstanceOf(NoAnswerError)),
  );
  try {
    for (let full = false; !full; ) {
      const each = connect(socket);
      const code = await new Promise<string | undefined>((resolve) => {
        each.once("connect", () => resolve(undefined));
        each.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      held.push(each);
      full = code === "EAGAIN";
      expect([undefined, "EAGAIN"]).toContain(code);
    }
    const refused = new Client(socket, { answer: 300 }).submit({ op: "gate" }, newId());
    await expect(refused).rejects.toThrow(/has not answered for 0\.3 s$/);
    await expect(refused).rejects.toBeInstanceOf(NoAnswerError);
    // The question whether the daemon answers at all meets the full queue too.
    const { seconds } = await connected;
    expect(seconds).toBeGreaterThanOrEqual(2);
    expect(warnings).not.toContain("TimeoutNegativeWarning");
    const waiting = daemon.client.daemon();
    daemon.signal("SIGCONT");
    expect((await waiting).pid).toBe(daemon.pid);
  } finally {
    process.off("warning", warned);
    daemon.signal("SIGCONT");
    for (const each of held) each.destroy();
  }
  record({ fault: "full queue of connections", injected: 1, survived: 1, lost: 0, duplicated: 0 });
});

test("a stopped daemon (SIGSTOP): every command ends within its deadline with exit 3 and the command that wakes it", async () => {
  await using daemon = await startDaemon(["gate"]);
  const gate = join(daemon.world.dir, "gate");
  const { id } = await daemon.submit("gate", { params: { gate } });
  await inStage(daemon, id, "Wait");
  const { pid } = daemon;
  daemon.signal("SIGSTOP");
  const run = (name: "liveops" | "liveopsd", ...words: string[]) =>
    timed(runBin(daemon.world, name, words));
  try {
    const quick = ["status", "stop", "start"].map((word) => run("liveopsd", word));
    const ordinary = [
      run("liveops", "ls"),
      run("liveops", "show", id),
      run("liveops", "cancel", id),
      run("liveops", "submit", "gate", "gate=x"),
      run("liveops", "watch", id),
      run("liveops", "logs", id),
      run("liveops", "ops"),
    ];
    const waits = [
      run("liveops", "wait", id, "--timeout", "3"),
      run("liveops", "wait", id, "--timeout", "12"),
    ];
    for (const { seconds, value } of await Promise.all(quick)) {
      expect([3, 5]).toContain(value.code);
      expect(value.stderr).toContain(daemon.world.socket);
      expect(value.stderr).toContain(`kill -CONT ${pid}`);
      expect(seconds).toBeLessThan(15);
    }
    for (const { seconds, value } of await Promise.all(ordinary)) {
      expect(value).toMatchObject({ code: 3, stdout: "" });
      expect(value.stderr).toContain(
        `the daemon on ${daemon.world.socket} has not answered for 10 s`,
      );
      expect(value.stderr).toContain(`kill -CONT ${pid}`);
      expect(seconds).toBeLessThan(25);
    }
    for (const [index, { seconds, value }] of (await Promise.all(waits)).entries()) {
      const asked = [3, 12][index]!;
      expect(value.code, value.stderr).toBe(124);
      expect(seconds).toBeGreaterThanOrEqual(asked);
      expect(seconds).toBeLessThan(asked + 10);
    }
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect((await daemon.client.daemon()).pid).toBe(pid);
  await daemon.client.cancel(id).catch(() => {});
  await untilFinished(daemon, id);
  record({ fault: "stopped daemon", injected: 12, survived: 12, lost: 0, duplicated: 0 });
}, 60_000);

test.each([
  ["nothing", ""],
  ["half of a head", "HTTP/1.1 200 OK\r\ncontent-"],
  ["half of an answer", HALF],
])("a peer that says %s: wait --timeout ends with 124 at the time asked", async (_, text) => {
  await using daemon = await startDaemon([]);
  const socket = await peerThatSays(text);
  const words = ["wait", "abcdef", "--timeout", "1", "--socket", socket];
  const { seconds, value } = await timed(runBin(daemon.world, "liveops", words));
  expect(value.code, value.stderr).toBe(124);
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThan(6);
});

test.each([
  ["nothing", ""],
  ["half of a head", "HTTP/1.1 200 OK\r\ncontent-"],
  ["half of an answer", HALF],
])("a client gives up a peer that says %s, large requests and streams too", async (_, text) => {
  const client = new Client(await peerThatSays(text), { answer: 200, request: 400, stream: 300 });
  const body = { op: "gate", params: { gate: "x".repeat(100_000) } };
  const streamed = async () => {
    for await (const line of client.watch()) throw new Error(`it said ${line.type}`);
  };
  const asked = [
    client.show("abc"),
    client.cancel("abc"),
    client.submit(body, "key"),
    client.stop({ now: true }),
  ];
  const ended = await Promise.all(
    [...asked, streamed()].map((each) => each.catch((error: unknown) => error)),
  );
  for (const error of ended.slice(0, 4)) expect(error).toBeInstanceOf(NoAnswerError);
  expect(ended[4]).toSatisfy(
    (it) => it instanceof NoAnswerError || it instanceof ConnectionLostError,
  );
});

test("a request that takes long is waited for while the daemon answers others, and not for ever", async () => {
  await using fake = await FakeDaemon.start();
  fake.on("GET", "/v1/daemon", (_asked, reply) => reply.json({ pid: 1 }));
  const later: Array<() => void> = [];
  fake.on("GET", "/v1/operations/slow", (_asked, reply) => {
    later.push(() => reply.json({ id: "slow" }));
  });
  const patient = new Client(fake.socket, { answer: 100, request: 20_000 });
  const slow = patient.show("slow");
  // Three times the silence after which a daemon that answers nothing is given up.
  const probes = () => fake.asked.filter(({ path }) => path === "/v1/daemon").length;
  await expect.poll(probes, { timeout: 10_000 }).toBeGreaterThanOrEqual(3);
  for (const answer of later) answer();
  expect(await slow).toMatchObject({ id: "slow" });

  const bounded = new Client(fake.socket, { answer: 100, request: 300 });
  await expect(bounded.show("slow")).rejects.toThrow("has not answered for 0.3 s");
});

test("a stream that falls silent is a lost connection: the follower reconnects and continues", async () => {
  await using fake = await FakeDaemon.start();
  let streams = 0;
  fake.on("GET", "/v1/operations/abcdef/events", (_asked, reply) => {
    const stream = reply.stream();
    stream.line({ type: "ping" });
    if (++streams === 1) return;
    stream.line({ type: "end", state: "succeeded" });
    stream.end();
  });
  const client = new Client(fake.socket, { stream: 200 });
  let lost = 0;
  const types: string[] = [];
  for await (const { line } of followChain(client, "abcdef", { onLost: () => lost++ }))
    types.push(line.type);
  expect({ streams, lost, types }).toEqual({ streams: 2, lost: 1, types: ["end"] });
});
