/** The socket as anyone may write to it: half of a request, and what curl sends. */
import { execFileSync } from "node:child_process";
import { createConnection, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { until } from "./until.js";
import { useWorld } from "./world.js";

const world = useWorld();

/** Writes the text and reads until the daemon closes the connection. */
function exchange(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(world.socket);
    let answer = "";
    socket.setEncoding("utf8").on("data", (data) => {
      answer += data;
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
    socket.write(text);
  });
}

function request(head: string, body = ""): string {
  return `${head}\r\nHost: x\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function parsed(answer: string): { status: number; body: unknown } {
  const [head = "", ...rest] = answer.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), body: JSON.parse(rest.join("\r\n\r\n")) };
}

let pid: number;
afterEach(async () => {
  // The same daemon answers after all of it.
  const daemon = await world.client.daemon();
  pid ??= daemon.pid;
  expect(daemon.pid).toBe(pid);
});

describe("bodies", () => {
  const POST = "POST /v1/operations HTTP/1.1";
  test.each([
    ["no content type", POST],
    ["curl -d's", `${POST}\r\nContent-Type: application/x-www-form-urlencoded`],
    ["text", `${POST}\r\nContent-Type: text/plain; charset=latin1`],
    ["a content type that is none", `${POST}\r\nContent-Type: ;;;`],
  ])("JSON with %s is a submit", async (_name, head) => {
    const body = JSON.stringify({ op: "shell", params: { args: ["true"] }, cwd: world.work });
    const { status, body: record } = parsed(await exchange(request(head, body)));
    expect(status).toBe(201);
    expect(await world.finished((record as { id: string }).id)).toMatchObject({
      state: "succeeded",
    });
  });

  test("curl itself, as docs/protocol.md has it", { tags: ["curl"] }, () => {
    const url = "http://liveops/v1/operations";
    const body = JSON.stringify({ op: "shell", set: ["args=true"] });
    const out = execFileSync("curl", [
      "-s",
      "--unix-socket",
      world.socket,
      url,
      "-d",
      body,
    ]).toString();
    expect(JSON.parse(out)).toMatchObject({
      op: "shell",
      state: expect.stringMatching(/queued|running/),
    });
  });
});

test("connections that say nothing, or half a request, keep nobody from being answered, nor the daemon from stopping", async () => {
  const open: Socket[] = [];
  for (let i = 0; i < 50; i++) {
    const socket = createConnection(world.socket);
    socket.on("error", () => {});
    if (i % 2)
      socket.write("POST /v1/operations HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{");
    open.push(socket);
  }
  await until("all are connected", () => open.every((socket) => !socket.connecting));
  expect((await world.liveops(["submit", "shell", "--wait", "--", "true"])).code).toBe(0);
  const stopped = await world.liveopsd(["restart"]);
  expect(stopped.code, stopped.stderr).toBe(0);
  await until("all are closed", () =>
    open.every((socket) => socket.destroyed || socket.readyState !== "open"),
  );
  pid = (await world.client.daemon()).pid;
});

test("a watcher that is gone without a word is no longer counted", async () => {
  const socket = createConnection(world.socket);
  socket.write("GET /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n");
  await new Promise((resolve) => socket.once("data", resolve));
  expect((await world.client.daemon()).watchers).toBe(1);
  socket.destroy();
  await until("it is gone", async () => (await world.client.daemon()).watchers === 0);
});
