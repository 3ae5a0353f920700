/**
 * Invalid, too large or too many requests are answered or cut off; updates of a running operation
 * still arrive.
 */

import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TestDaemon } from "../harness/daemon.js";
import { counts } from "./mode.js";
import { inStage, startDaemon, untilFinished } from "./start.js";
import { record } from "./tally.js";

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startDaemon(["gate"]);
});
afterAll(() => daemon[Symbol.asyncDispose]());

/**
 * Sends bytes on a connection of its own; what comes back until it is closed, by the daemon or
 * after `ms` by us.
 */
function exchange(bytes: string | Buffer, ms = 3000): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket: Socket = connect(daemon.world.socket);
    const giveUp = setTimeout(() => socket.destroy(), ms);
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(giveUp);
      resolve(answer);
    });
    socket.write(bytes);
  });
}

const REFUSED: Array<[string, string, string, string, number, string]> = [
  ["no JSON", "POST", "/v1/operations", '{"op":', 400, "LIVEOPS_BAD_REQUEST"],
  ["JSON that is no object", "POST", "/v1/operations", "[1,2]", 400, "LIVEOPS_BAD_REQUEST"],
  ["deep JSON", "POST", "/v1/operations", "[".repeat(100_000), 400, "LIVEOPS_BAD_REQUEST"],
  ["wrong types", "POST", "/v1/operations", '{"op":1,"params":[]}', 400, "LIVEOPS_BAD_REQUEST"],
  [
    "a label without end",
    "POST",
    "/v1/operations",
    JSON.stringify({ op: "gate", label: "x".repeat(5000) }),
    400,
    "LIVEOPS_BAD_REQUEST",
  ],
  [
    "a prototype",
    "POST",
    "/v1/operations",
    '{"op":"gate","__proto__":{"polluted":1}}',
    400,
    "LIVEOPS_BAD_REQUEST",
  ],
  [
    "a body over the limit",
    "POST",
    "/v1/operations",
    JSON.stringify({ op: "gate", params: { gate: "x".repeat(5 * 1024 * 1024) } }),
    413,
    "LIVEOPS_TOO_LARGE",
  ],
  ["no such route", "GET", "/v2/everything", "", 404, "LIVEOPS_NO_SUCH_ROUTE"],
  ["a broken escape", "GET", "/v1/operations/%E0%A4%A", "", 400, "LIVEOPS_BAD_REQUEST"],
  [
    "an id out of the tree",
    "GET",
    "/v1/operations/..%2f..%2fetc",
    "",
    404,
    "LIVEOPS_NO_SUCH_OPERATION",
  ],
  ["a page without end", "GET", "/v1/operations?limit=99999999", "", 400, "LIVEOPS_BAD_REQUEST"],
  ["a limit that is none", "GET", "/v1/operations?limit=-1", "", 400, "LIVEOPS_BAD_REQUEST"],
];

test.each(REFUSED)("refused with its code: %s", async (_, method, path, body, status, code) => {
  const length = Buffer.byteLength(body);
  const answer = await exchange(
    `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n${body}`,
  );
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer.toLowerCase()).toContain("application/problem+json");
  expect(answer.toLowerCase()).toContain("liveops-version:");
  expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4))).toMatchObject({ status, code });
});

test("connections that say nothing, or half of something, are no burden", async () => {
  const idle = Array.from({ length: counts(100, 500) }, (_, index) => {
    const socket = connect(daemon.world.socket);
    socket.on("error", () => {});
    if (index % 2 === 0)
      socket.write("POST /v1/operations HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
    return socket;
  });
  expect((await daemon.client.daemon()).pid).toBe(daemon.pid);
  for (const socket of idle) socket.destroy();
  expect((await daemon.client.daemon()).pid).toBe(daemon.pid);
});

test("a flood of requests does not hold up the updates of a running operation", async () => {
  const gate = join(daemon.world.dir, "flooded");
  const { id } = await daemon.submit("gate", { params: { gate, chatty: true } });
  await inStage(daemon, id, "Wait");
  const flood = new AbortController();
  let answered = 0;
  const flooders = Array.from({ length: 12 }, async () => {
    while (!flood.signal.aborted) {
      await daemon.client.list({ limit: 200 });
      answered++;
    }
  });
  const delays: number[] = [];
  const end = counts(400, 4000);
  for await (const line of daemon.client.watch({ operation: id, log: true })) {
    if (line.type !== "log") continue;
    const last = line.lines.at(-1)!;
    // Behind the newest line by so much, as the one machine's clock tells.
    delays.push(Date.now() - Date.parse(last.at));
    if (last.n >= end) break;
  }
  flood.abort();
  await Promise.all(flooders);
  writeFileSync(`${gate}.1`, "");
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded" });
  expect(answered).toBeGreaterThan(end / 10);
  delays.sort((a, b) => a - b);
  expect(delays[Math.floor(delays.length / 2)]).toBeLessThan(500);
  expect(delays.at(-1)).toBeLessThan(3000);
  record({
    fault: "requests of a flood",
    injected: answered,
    survived: answered,
    lost: 0,
    duplicated: 0,
  });
}, 120_000);
