/** The config file, and where commands find the daemon. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeEach, describe, expect, test } from "vitest";
import { commandPlaces, startCommand } from "../../../protocol/client/daemon-address.js";
import { UsageError } from "../../../protocol/failures.js";
import { readConfig, readUsableConfig } from "../../../protocol/system/config.js";
import { LIMITS } from "../../../protocol/system/config-limits.js";
import { SETTINGS } from "../../../protocol/system/config-settings.js";
import { invalidConfigLines } from "../../../protocol/system/usable-config.js";
import { configSchema } from "../../../tui/cli/schema.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
let dir: string;
let env: Record<string, string>;
beforeEach(() => {
  dir = directory();
  env = { HOME: dir, LIVEOPS_CONFIG: join(dir, "config.json") };
});

const config = (text: string) => writeFileSync(join(dir, "config.json"), text);

test("a missing file is empty, unless LIVEOPS_CONFIG names it", () => {
  expect(readConfig({ HOME: dir })).toEqual({});
  expect(readConfig({ HOME: dir, LIVEOPS_CONFIG: "" })).toEqual({});
  expect(() => readConfig(env)).toThrow(UsageError);
  expect(() => readConfig(env)).toThrow(`the config file ${dir}/config.json does not exist`);
});

test("a directory: the error names the path and the next step", () => {
  const thrown = (given: Record<string, string>) => {
    try {
      return readConfig(given);
    } catch (error) {
      return error;
    }
  };
  expect(thrown({ HOME: dir, LIVEOPS_CONFIG: dir })).toMatchObject({
    message: `the config file ${dir} is a directory, not a regular file`,
    hint: expect.stringContaining("unset LIVEOPS_CONFIG"),
  });
  const file = join(dir, ".config", "liveops", "config.json");
  mkdirSync(file, { recursive: true });
  expect(thrown({ HOME: dir })).toMatchObject({
    message: `the config file ${file} is a directory, not a regular file`,
    hint: expect.stringContaining("remove it"),
  });
});

test("a file without an end, or a pipe, is refused and not waited for", () => {
  const pipe = join(dir, "pipe");
  execFileSync("mkfifo", [pipe]);
  symlinkSync("/dev/zero", join(dir, "endless"));
  expect(() => readConfig({ ...env, LIVEOPS_CONFIG: pipe })).toThrow(
    `the config file ${pipe} is a named pipe, not a regular file`,
  );
  expect(() => readConfig({ ...env, LIVEOPS_CONFIG: join(dir, "endless") })).toThrow(
    "not a regular file",
  );
  config(" ".repeat(2 ** 20 + 1));
  expect(() => readConfig(env)).toThrow("config.json has 1048577 bytes, more than 1048576");
});

test.each([
  ["a text that only opens", "[".repeat(20_000), "1:101"],
  ["objects", `{"queues": ${'{"a": '.repeat(100_000)}1${"}".repeat(100_001)}`, "1:606"],
])("%s nested too deep: the error names the place", (_, text, place) => {
  config(text);
  expect(() => readConfig(env)).toThrow(
    `config.json:${place}: values may be nested at most 100 levels deep`,
  );
});

test("brackets in a text are no levels", () => {
  config(JSON.stringify({ $schema: `${"[".repeat(150)}\\"{` }));
  expect(readConfig(env)).toEqual({});
});

test("an invalid file: the valid settings are used, and a hidden state directory is reported", async () => {
  config('{"nice": 99, "keepDays": 3, "socket": "run/s"}');
  expect(readUsableConfig(env)).toMatchObject({
    config: { keepDays: 3, socket: join(dir, "run/s") },
    hidesPlaces: false,
    problem: { message: `${dir}/config.json:1:10: nice must be a whole number from 0 to 19` },
  });
  expect(invalidConfigLines(readUsableConfig(env), false)[1]).toMatch(
    /^only its valid settings are used; /,
  );
  expect((await commandPlaces({}, env, "ignore")).socket).toBe(join(dir, "run/s"));
  await expect(commandPlaces({}, env, "throw")).rejects.toThrow("nice must be");

  config('{"stateDir": "/file", ');
  const read = readUsableConfig(env);
  expect(read).toMatchObject({ config: {}, hidesPlaces: true });
  expect(invalidConfigLines(read, false)).toEqual([
    expect.stringContaining("config.json:1:"),
    "no setting of the file is used; this command uses the default state directory and socket, and the file may name others; correct the file, then run: liveops config",
  ]);
  expect(invalidConfigLines(read, true)[1]).not.toContain("state directory");
  expect((await commandPlaces({ stateDir: "/flag" }, env, "ignore")).stateDir).toBe("/flag");

  chmodSync(join(dir, "config.json"), 0o666);
  config('{"socket": "/other-user"}');
  expect(readUsableConfig(env)).toMatchObject({ config: {}, hidesPlaces: true });
  expect(readUsableConfig({ ...env, LIVEOPS_CONFIG: "/dev/null" })).toEqual({
    config: {},
    problem: null,
    hidesPlaces: false,
  });
});

test("a relative path is relative to the file, and ~/ is the home directory", () => {
  mkdirSync(join(dir, "etc"));
  const file = join(dir, "etc", "config.json");
  const paths = {
    stateDir: "../state",
    socket: "~/run/d.sock",
    ops: ["ops", "~", "~/ops", "./~/x", "/ops"],
  };
  writeFileSync(file, JSON.stringify(paths));
  expect(readConfig({ HOME: "/home/ann", LIVEOPS_CONFIG: file })).toEqual({
    stateDir: join(dir, "state"),
    socket: "/home/ann/run/d.sock",
    ops: [join(dir, "etc/ops"), "/home/ann", "/home/ann/ops", join(dir, "etc/~/x"), "/ops"],
  });
});

test("it is read, and beaten by the environment, which is beaten by flags", async () => {
  config(
    JSON.stringify({ socket: "/file.sock", stateDir: "/file", concurrency: 3, ops: ["/ops"] }),
  );
  expect(readConfig(env)).toEqual({
    socket: "/file.sock",
    stateDir: "/file",
    concurrency: 3,
    ops: ["/ops"],
  });
  expect((await commandPlaces({}, env)).socket).toBe("/file.sock");
  expect((await commandPlaces({}, { ...env, LIVEOPS_SOCKET: "/env.sock" })).socket).toBe(
    "/env.sock",
  );
  expect(
    (await commandPlaces({ socket: "/flag.sock" }, { ...env, LIVEOPS_SOCKET: "/env.sock" })).socket,
  ).toBe("/flag.sock");
});

test.each([
  ["{", "config.json:1:2: not valid JSON: the closing } is missing"],
  ["", "config.json:1:1: not valid JSON: a value is expected here"],
  [
    '{\n  "nice": 3,\n}',
    "config.json:3:1: not valid JSON: a key in double quotes is expected here",
  ],
  ['{"nice": 3 "env": {}}', "config.json:1:12: not valid JSON: a comma is expected here"],
  ['{\n  // fast\n  "nice": 3}', "config.json:2:3: not valid JSON: JSON has no comments"],
  ["\ufeff{}", "config.json:1:1: not valid JSON: a byte order mark"],
  ["[]", "config.json:1:1: must hold a JSON object"],
  ['{"socket": 1}', "socket must be a path"],
  ['{"stateDir": ""}', "stateDir must be a path"],
  ['{"ops": "/ops"}', "ops must be a list"],
  ['{"ops": [""]}', "ops item 1 must be a path"],
  ['{"ops": ["~bob/ops"]}', "~bob/ops: only ~/ is expanded"],
  ['{"concurrency": 0}', "concurrency must be"],
  ['{"concurency": 1}', 'unknown setting "concurency"; did you mean concurrency?'],
  ['{"env": ["PATH"]}', 'env must be an object, such as {"allow": ["AWS_*"]}'],
  ['{"env": {"alow": []}}', 'env has no "alow"; did you mean allow?'],
  ['{"env": {"allow": "PATH"}}', "env allow must be a list of names"],
  [
    '{"fleet": {"lostAfter": 2}}',
    "fleet lostAfter must be 3 to 86400 seconds: a host must end its work",
  ],
  [
    '{"env": {"fromDaemon": ["A=B"]}}',
    "env fromDaemon item 1 must be a name, or a pattern with *, without = and null characters",
  ],
  ['{"env": {"allow": [""]}}', "env allow item 1 must be a name"],
  ['{"env": {"allow": ["A\\u0000"]}}', "env allow item 1 must be a name"],
  ['{"env": {"allow": [5]}}', "env allow item 1 must be a name"],
  ['{"$schema": 1}', "$schema must be text"],
  ['{"keepDay": 1}', "did you mean keepDays?"],
])("%s is wrong usage and says what it must be", (text, said) => {
  config(text);
  expect(() => readConfig(env)).toThrow(UsageError);
  expect(() => readConfig(env)).toThrow(said);
});

test.each([
  ['{\n  "concurency": 2\n}', "2:3"],
  ['{\r\n\t"nice":\r\n\t\t20\r\n}', "3:3"],
  ['{"queues": {"gpu": {"concurrency": 0}}}', "1:36"],
  ['{"queues": {"GPU": {}}}', "1:13"],
  ['{"queues": {"gpu": {"conc": 1}}}', "1:21"],
  ['{"ops": ["a", 3]}', "1:15"],
  ['{"env": {"allow": ["A", "B=C"]}}', "1:25"],
  ['{"fleet": {"ulr": "x"}}', "1:12"],
  ['{"nice": 1, "nice": 99}', "1:21"],
])("%s is wrong at %s", (text, at) => {
  config(text);
  expect(() => readConfig(env)).toThrow(`${join(dir, "config.json")}:${at}: `);
});

test("all problems are told, each in a line", () => {
  config('{\n  "nice": 99,\n  "logLevel": "loud",\n  "keys": []\n}');
  const file = join(dir, "config.json");
  expect(() => readConfig(env)).toThrow(
    [
      `${file}:2:11: nice must be a whole number from 0 to 19`,
      `${file}:3:15: logLevel must be one of trace, debug, info, warn, error, fatal, silent`,
      `${file}:4:11: keys must be a table of keys by action, such as {"cancel": "X"}`,
    ].join("\n"),
  );
});

test("the lists of environment variables are read", () => {
  config(JSON.stringify({ env: { allow: ["AWS_*"], fromDaemon: ["SSH_AUTH_SOCK"] } }));
  expect(readConfig(env)).toEqual({ env: { allow: ["AWS_*"], fromDaemon: ["SSH_AUTH_SOCK"] } });
});

test("$schema is allowed and is no setting", () => {
  config('{"$schema": "./config.schema.json", "concurrency": 2}');
  expect(readConfig(env)).toEqual({ concurrency: 2 });
});

describe("the JSON Schema", () => {
  const accepts = new Ajv2020().compile(configSchema());
  const values = [
    "",
    "a",
    "~/x",
    "/sys/fs/cgroup/x",
    "auto",
    "off",
    "info",
    "loud",
    "bell",
    "desktop",
    true,
    false,
    null,
    -1,
    0,
    1,
    19,
    20,
    1.5,
    65_536,
    2 ** 24,
    2 ** 45,
    [],
    ["a"],
    [""],
    [1],
    {},
    { allow: ["A*"], fromDaemon: [] },
    { allow: ["A=B"] },
    { allow: "A" },
    { alow: [] },
  ];

  test.each([...Object.keys(SETTINGS), ...Object.keys(LIMITS), "$schema", "unknown"])(
    "accepts the values of %s that the reader accepts, and no other",
    (name) => {
      for (const value of values) {
        config(JSON.stringify({ [name]: value }));
        let isRead = true;
        try {
          readConfig(env);
        } catch {
          isRead = false;
        }
        expect(accepts({ [name]: value }), JSON.stringify(value)).toBe(isRead);
      }
    },
  );
});

test("the command that starts the daemon can be typed as it stands", () => {
  expect(startCommand({})).toBe("liveops start");
  expect(startCommand({ socket: "/a b/it's", stateDir: "/s" })).toBe(
    "liveops start --state-dir /s --socket '/a b/it'\\''s'",
  );
});

describe("settings of the dashboard", () => {
  test.each([{ theme: "dark" }, { keys: { cancel: "C", filter: ["/", "ctrl-f"] } }])(
    "%j is valid",
    (given) => {
      config(JSON.stringify(given));
      expect(readConfig(env)).toEqual(given);
    },
  );

  test.each([
    [{ theme: "pink" }, "theme must be"],
    [{ keys: ["c"] }, "keys must be a table"],
    [{ keys: { cancel: 3 } }, "keys cancel must be a key or a list of keys"],
  ])("%j is refused", (given, message) => {
    config(JSON.stringify(given));
    expect(() => readConfig(env)).toThrow(message);
  });
});
