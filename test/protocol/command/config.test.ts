/** The config file, and where commands find the daemon. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readConfig } from "../../../protocol/command/config.js";
import { commandPlaces, startCommand } from "../../../protocol/command/daemon-address.js";
import { UsageError } from "../../../protocol/command/failures.js";

let dir: string;
let env: Record<string, string>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "liveops-config-"));
  env = { HOME: dir, LIVEOPS_CONFIG: join(dir, "config.json") };
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const config = (text: string) => writeFileSync(join(dir, "config.json"), text);

test("absent is empty", () => {
  expect(readConfig(env)).toEqual({});
});

test("it is read, and beaten by the environment, which is beaten by flags", () => {
  config(JSON.stringify({ socket: "/file.sock", stateDir: "/file", concurrency: 3, ops: ["/ops"] }));
  expect(readConfig(env)).toEqual({ socket: "/file.sock", stateDir: "/file", concurrency: 3, ops: ["/ops"] });
  expect(commandPlaces({}, env).socket).toBe("/file.sock");
  expect(commandPlaces({}, { ...env, LIVEOPS_SOCKET: "/env.sock" }).socket).toBe("/env.sock");
  expect(commandPlaces({ socket: "/flag.sock" }, { ...env, LIVEOPS_SOCKET: "/env.sock" }).socket).toBe(
    "/flag.sock",
  );
});

test.each([
  ["{", "is not valid JSON"],
  ["[]", "must hold a JSON object"],
  ['{"socket": 1}', "socket must be a path"],
  ['{"stateDir": ""}', "stateDir must be a path"],
  ['{"ops": "/ops"}', "ops must be a list"],
  ['{"concurrency": 0}', "concurrency must be"],
  ['{"concurency": 1}', 'unknown setting "concurency"; did you mean concurrency?'],
  ['{"env": ["PATH"]}', 'env must be an object, such as {"allow": ["AWS_*"]}'],
  ['{"env": {"alow": []}}', 'env has no setting "alow"; did you mean allow?'],
  ['{"env": {"allow": "PATH"}}', "env allow must be a list of names"],
  ['{"env": {"fromDaemon": ["A=B"]}}', 'env fromDaemon: "A=B" must not contain ='],
  ['{"env": {"allow": [""]}}', "env allow: each item must be a name"],
])("%s is wrong usage and says what it must be", (text, said) => {
  config(text);
  expect(() => readConfig(env)).toThrow(UsageError);
  expect(() => readConfig(env)).toThrow(said);
});

test("the lists of environment variables are read", () => {
  config(JSON.stringify({ env: { allow: ["AWS_*"], fromDaemon: ["SSH_AUTH_SOCK"] } }));
  expect(readConfig(env)).toEqual({ env: { allow: ["AWS_*"], fromDaemon: ["SSH_AUTH_SOCK"] } });
});

test("the command that starts the daemon can be typed as it stands", () => {
  expect(startCommand({})).toBe("liveopsd start");
  expect(startCommand({ socket: "/a b/it's", stateDir: "/s" })).toBe(
    "liveopsd start --state-dir /s --socket '/a b/it'\\''s'",
  );
});
