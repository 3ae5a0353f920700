/** The log takes the documented keys alone, from the daemon and from fastify. */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fastify, { LogController } from "fastify";
import { expect, test } from "vitest";
import { openDaemonLog } from "../../../daemon/log/daemon-log.js";
import { fastifyLog, type Log, ownKeys, REQUEST_KEY } from "../../../daemon/log/log.js";
import { badLogLines } from "../../harness/log-lines.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

function opened() {
  const dir = directory();
  mkdirSync(dir, { recursive: true });
  const file = join(dir, "log");
  const { logger } = openDaemonLog(file, "trace", false);
  return { logger, read: () => readFileSync(file, "utf8").trimEnd().split("\n") };
}

test("the compiler refuses other keys, also of a variable and of a spread", () => {
  const calls = (log: Log) => {
    const failure = { id: "a", message: "no" };
    log.warn({ id: "a", reason: "because" }, "a message");
    log.warn({ id: "a", reason: null }, "a message");
    // @ts-expect-error no key of the log
    log.warn({ id: "a", message: "no" }, "a message");
    // @ts-expect-error no key of the log
    log.warn(failure, "a message");
    // @ts-expect-error no key of the log
    log.warn({ ...failure, op: "b" }, "a message");
    // @ts-expect-error a number
    log.warn({ attempt: "1" }, "a message");
    // @ts-expect-error a line needs a message
    log.warn({ id: "a" });
  };
  expect(calls).toBeTypeOf("function");
});

test("fastify's lines get our keys, and lose what has none", async () => {
  const { logger, read } = opened();
  const app = fastify({
    loggerInstance: fastifyLog(logger),
    logController: new LogController({ requestIdLogLabel: REQUEST_KEY }),
  });
  app.get("/fails", () => {
    throw new Error("no");
  });
  await app.inject("/fails?a=1");
  await app.close();
  expect(badLogLines(read())).toEqual([]);
  const records = read().map((line) => JSON.parse(line));
  expect(records[0]).toMatchObject({ method: "GET", url: "/fails?a=1", request: "req-1" });
  expect(records.at(-1)).toMatchObject({ status: 500, request: "req-1" });
  expect(records.some(({ err }) => err?.message === "no")).toBe(true);
  expect(ownKeys({ remoteAddress: "somebody" } as object)).toEqual({});
});
