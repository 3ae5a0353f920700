/** The relay holds back what it is told to hold back, loses nothing of it, and cuts both ends. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../../protocol/system/until.js";
import { Relay } from "../../harness/relay.js";

/** Longest wait for a fact, in ms. */
const PATIENCE = 5000;

let server: Server;
let relay: Relay;
/** The server's ends, in the order of the connections. */
const accepted: Socket[] = [];
const opened: Socket[] = [];

beforeEach(async () => {
  server = createServer((socket) => accepted.push(socket.on("error", () => {})));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  relay = await Relay.start({ port: (server.address() as AddressInfo).port });
});

afterEach(async () => {
  await relay[Symbol.asyncDispose]();
  for (const socket of [...accepted.splice(0), ...opened.splice(0)]) socket.destroy();
  server.close();
});

/** What an end has read, and whether its connection is closed. */
class End {
  text = "";
  closed = false;

  constructor(readonly socket: Socket) {
    socket.setEncoding("utf8").on("data", (text) => {
      this.text += text;
    });
    socket
      .on("error", () => {})
      .on("close", () => {
        this.closed = true;
      });
  }

  async reads(text: string): Promise<void> {
    await until(() => this.text === text, PATIENCE);
    expect(this.text).toBe(text);
  }
}

function open(): End {
  const socket = connect(relay.port, "127.0.0.1");
  opened.push(socket);
  return new End(socket);
}

async function pair(): Promise<{ client: End; far: End }> {
  const count = accepted.length;
  const client = open();
  await until(() => accepted.length > count, PATIENCE);
  return { client, far: new End(accepted.at(-1)!) };
}

const isClosed = (end: End) => until(() => end.closed, PATIENCE);

test("both directions are forwarded, and an end of the stream", async () => {
  const { client, far } = await pair();
  client.socket.write("question");
  await far.reads("question");
  far.socket.end("answer");
  await client.reads("answer");
  expect(await isClosed(client)).toBe(true);
  expect(relay.bytes).toEqual({ "to-server": 8, "to-client": 6 });
});

test.each([
  ["to-server", "client", "far"],
  ["to-client", "far", "client"],
] as const)("%s: a paused direction forwards nothing, the other one does", async (direction, from, to) => {
  const ends = await pair();
  relay.pause(direction);
  ends[from].socket.write("held");
  ends[to].socket.write("through");
  await ends[from].reads("through");
  // Also on a connection that is opened now.
  const later = await pair();
  later[from].socket.write("held too");
  later[to].socket.write("through too");
  await later[from].reads("through too");
  expect([ends[to].text, later[to].text]).toEqual(["", ""]);
  relay.resume(direction);
  await ends[to].reads("held");
  await later[to].reads("held too");
});

test("a client behind a paused direction learns only after it that the server is gone", async () => {
  const { client, far } = await pair();
  relay.pause("to-client");
  far.socket.write("last");
  far.socket.destroy();
  // The other direction shows that the relay has had time to see the end.
  const { client: other, far: otherFar } = await pair();
  other.socket.write("round");
  await otherFar.reads("round");
  expect(client.closed).toBe(false);
  relay.resume("to-client");
  await client.reads("last");
  expect(await isClosed(client)).toBe(true);
});

test("a black hole accepts connections of which the server hears only afterwards", async () => {
  const { client, far } = await pair();
  relay.blackHole();
  const late = open();
  await once(late.socket, "connect");
  late.socket.write("late");
  client.socket.write("early");
  await until(() => relay.connections === 2, PATIENCE);
  expect([accepted.length, far.text]).toEqual([1, ""]);
  relay.resume();
  await far.reads("early");
  await until(() => accepted.length === 2, PATIENCE);
  await new End(accepted[1]!).reads("late");
});

test("a request is held back in its middle, and arrives whole afterwards", async () => {
  const { client, far } = await pair();
  const held = relay.pauseWithinRequest(3);
  client.socket.write("the request");
  await held;
  await far.reads("the requ");
  client.socket.write(", the next");
  relay.resume();
  await far.reads("the request, the next");
  expect(relay.bytes["to-server"]).toBe("the request, the next".length);
});

test("a cut destroys both ends of every connection, and the next connection works", async () => {
  const ends = [await pair(), await pair()];
  relay.cut();
  for (const { client, far } of ends)
    expect([await isClosed(client), await isClosed(far)]).toEqual([true, true]);
  expect(relay.connections).toBe(0);
  const { client, far } = await pair();
  client.socket.write("again");
  await far.reads("again");
});

test("a large transfer over a pause arrives whole", async () => {
  const { client, far } = await pair();
  const sent = "0123456789".repeat(400_000);
  client.socket.write(sent);
  await until(() => far.text.length > 0, PATIENCE);
  relay.pause("to-server");
  relay.resume("to-server");
  await far.reads(sent);
});
