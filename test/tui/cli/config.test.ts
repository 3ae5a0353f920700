/** What `liveops config` prints: the table, and which value of a setting counts. */
import { expect, test } from "vitest";
import { plain } from "../../../protocol/text/colour.js";
import { configLines } from "../../../tui/cli/config/config.js";
import { settingsInEffect } from "../../../tui/cli/config/config-values.js";

test("the table: control characters are escaped, long values cut to the terminal, none is -", () => {
  const settings = [
    { key: "nice", value: 9 },
    { key: "metrics", value: undefined },
    { key: "on.stall", value: "echo \u001b[31m" },
    { key: "stateDir", value: `/${"x".repeat(60)}` },
  ];
  expect(configLines(settings, 48, plain)).toEqual([
    "SETTING   VALUE",
    "nice      9",
    "metrics   -",
    "on.stall  echo \\x1b[31m",
    `stateDir  /${"x".repeat(36)}…`,
  ]);
});

test("a flag wins over the environment, that over the file, that over the default", () => {
  const fleet = { url: null, host: null, tags: null };
  const settings = settingsInEffect({
    options: { socket: "/run/d.sock" },
    env: { HOME: "/home/ann", LIVEOPS_STATE_DIR: "/state", LIVEOPS_DEBUG: "1" },
    config: { concurrency: 3, nice: 9, stateDir: "/file", queues: { gpu: { concurrency: 2 } } },
    flags: { ops: [], concurrency: 7, logLevel: null, metrics: null, fleet },
  });
  expect(Object.fromEntries(settings.map(({ key, value }) => [key, value]))).toMatchObject({
    socket: "/run/d.sock",
    concurrency: 7,
    stateDir: "/state",
    logLevel: "debug",
    nice: 9,
    "queues.gpu.concurrency": 2,
    keepDays: 180,
    metrics: undefined,
    "env.fromDaemon": [],
  });
});
