/**
 * State directory and socket: flags override the environment, which overrides the file; defaults
 * follow XDG.
 */
import { resolve } from "node:path";
import { expect, test } from "vitest";
import { configFile, socketPath, stateDir, userOpsDirs } from "../../../protocol/system/places.js";

const HOME = { HOME: "/home/ann" };

test("the state dir", () => {
  expect(stateDir({}, HOME)).toBe("/home/ann/.local/state/liveops");
  expect(stateDir({}, { ...HOME, XDG_STATE_HOME: "/xdg" })).toBe("/xdg/liveops");
  const config = { stateDir: "/from/file" };
  expect(stateDir({}, HOME, config)).toBe("/from/file");
  const env = { ...HOME, LIVEOPS_STATE_DIR: "/from/env" };
  expect(stateDir({}, env, config)).toBe("/from/env");
  expect(stateDir({ stateDir: "/from/flag" }, env, config)).toBe("/from/flag");
  expect(stateDir({ stateDir: "here" }, env)).toBe(resolve("here"));
});

test("the socket", () => {
  const runtime = { ...HOME, XDG_RUNTIME_DIR: "/run/user/1" };
  expect(socketPath({}, HOME)).toBe("/home/ann/.local/state/liveops/liveopsd.sock");
  expect(socketPath({}, runtime)).toBe("/run/user/1/liveops/liveopsd.sock");
  // A chosen state dir keeps its socket: two of them are two daemons.
  for (const [flags, env, config] of [
    [{ stateDir: "/s" }, runtime, {}],
    [{}, { ...runtime, LIVEOPS_STATE_DIR: "/s" }, {}],
    [{}, runtime, { stateDir: "/s" }],
  ] as const)
    expect(socketPath(flags, env, config)).toBe("/s/liveopsd.sock");
  const config = { socket: "/file.sock", stateDir: "/s" };
  expect(socketPath({}, runtime, config)).toBe("/file.sock");
  expect(socketPath({}, { ...runtime, LIVEOPS_SOCKET: "/env.sock" }, config)).toBe("/env.sock");
  expect(socketPath({ socket: "/flag.sock" }, { LIVEOPS_SOCKET: "/env.sock" }, config)).toBe(
    "/flag.sock",
  );
});

test("the config file", () => {
  expect(configFile(HOME)).toBe("/home/ann/.config/liveops/config.json");
  expect(configFile({ ...HOME, XDG_CONFIG_HOME: "/xdg" })).toBe("/xdg/liveops/config.json");
  expect(configFile({ ...HOME, LIVEOPS_CONFIG: "/my.json" })).toBe("/my.json");
});

test("operations directories: flags, then environment, then file, then the user's own; each once", () => {
  const env = { ...HOME, LIVEOPS_OPS: "/env/a:/env/b::/flag" };
  expect(userOpsDirs({ ops: ["/flag"] }, env, { ops: ["/file", "/env/a"] })).toEqual([
    "/flag",
    "/env/a",
    "/env/b",
    "/file",
    "/home/ann/.config/liveops/ops",
  ]);
});
