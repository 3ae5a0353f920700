/** Detects whether an operation left a timer, a server or a child process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { expect, test } from "vitest";
import { ActivityBaseline } from "../../../daemon/worker/recycling.js";
import { until } from "../../../protocol/system/until.js";

test("a process without open work is quiet, whatever ran before", async () => {
  const baseline = new ActivityBaseline();
  expect(baseline.isQuiet()).toBe(true);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  server.close();
  clearTimeout(setTimeout(() => {}, 60_000));
  // A closed handle is gone some turns later.
  expect(await until(() => baseline.isQuiet(), 5000)).toBe(true);
});

test("a timer that still runs is something", () => {
  const baseline = new ActivityBaseline();
  const timer = setInterval(() => {}, 60_000);
  expect(baseline.isQuiet()).toBe(false);
  clearInterval(timer);
  expect(baseline.isQuiet()).toBe(true);
});

test("a server that still listens is something", async () => {
  const baseline = new ActivityBaseline();
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  expect(baseline.isQuiet()).toBe(false);
  server.close();
  expect(await until(() => baseline.isQuiet(), 5000)).toBe(true);
});

test("earlier activity does not count", () => {
  const timer = setInterval(() => {}, 60_000);
  expect(new ActivityBaseline().isQuiet()).toBe(true);
  clearInterval(timer);
});

test("a child is something, even one that has ended: it may have left its own", async () => {
  const baseline = new ActivityBaseline();
  const child = spawn("true", { stdio: "ignore" });
  await once(child, "exit");
  expect(baseline.isQuiet()).toBe(false);
  expect(new ActivityBaseline().isQuiet()).toBe(true);
});
