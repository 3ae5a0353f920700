/** Detects whether an operation left a timer, a server or a child process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { ActivityBaseline } from "../../../daemon/worker/recycling.js";

test("a process without open work is quiet, whatever ran before", async () => {
  const baseline = new ActivityBaseline();
  expect(await baseline.isQuiet()).toBe(true);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [accepted] = await Promise.all([once(server, "connection"), once(client, "connect")]);
  (accepted[0] as Socket).destroy();
  server.close();
  clearTimeout(setTimeout(() => {}, 60_000));
  // It ends its side, then closes: its handle is gone some turns later.
  client.destroySoon();
  expect(await baseline.isQuiet()).toBe(true);
});

test("a timer that still runs is something", async () => {
  const baseline = new ActivityBaseline();
  const timer = setInterval(() => {}, 60_000);
  expect(await baseline.isQuiet()).toBe(false);
  clearInterval(timer);
  expect(await baseline.isQuiet()).toBe(true);
});

test("a server that still listens is something", async () => {
  const baseline = new ActivityBaseline();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  expect(await baseline.isQuiet()).toBe(false);
  server.close();
  expect(await baseline.isQuiet()).toBe(true);
});

test("earlier activity does not count", async () => {
  const timer = setInterval(() => {}, 60_000);
  expect(await new ActivityBaseline().isQuiet()).toBe(true);
  clearInterval(timer);
});

test("a child is something, even one that has ended: it may have left its own", async () => {
  const baseline = new ActivityBaseline();
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "exit");
  expect(await baseline.isQuiet()).toBe(false);
  expect(await new ActivityBaseline().isQuiet()).toBe(true);
});
