/** Changes of the config file's text, its keys, and the settings in effect. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { UsageError } from "../../../protocol/failures.js";
import { checkConfig, configProblems } from "../../../protocol/system/config.js";
import { LIMITS } from "../../../protocol/system/config-limits.js";
import { CONFIG_KEYS, RELOAD } from "../../../protocol/system/config-settings.js";
import { configKey, knownKeys, valueAt } from "../../../tui/cli/config/config-keys.js";
import { changedText, NEW_CONFIG, typedValue } from "../../../tui/cli/config/config-text.js";
import { settingInEffect, settingsInEffect } from "../../../tui/cli/config/config-values.js";

const FILE = "/c/config.json";
const set = (text: string, key: string, value: unknown) =>
  changedText(text, configKey(key), value, FILE).text;

/** Message and hint of what is thrown. */
function thrown(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const { message, hint = "" } = error as UsageError;
    return `${message}; ${hint}`;
  }
  return "nothing was thrown";
}

describe("keys", () => {
  test.each(knownKeys())("%s is a key", (key) => {
    expect(configKey(key).path.join(".")).toBe(key);
  });

  test.each(["queues.gpu", "queues.gpu.concurrency", "keys.cancel", "$schema"])("%s is a key", (key) => {
    expect(configKey(key).path).toEqual(key.split("."));
  });

  test.each([
    ["concurency", "did you mean concurrency?"],
    ["fleet.ulr", "did you mean fleet.url?"],
    ["hooks.zzz", "hooks.onSuccess, hooks.onFailure"],
    ["queues.GPU", "write queues.NAME.concurrency"],
    ["queues.gpu.conc", "write queues.NAME.concurrency"],
    ["ops.0", "did you mean ops?"],
    ["zzzzzz", "liveops config lists the settings"],
    ["__proto__", "liveops config lists the settings"],
    ["", "liveops config lists the settings"],
  ])("%j is none: %s", (key, said) => {
    expect(thrown(() => configKey(key))).toContain(said);
  });
});

describe("the typed value", () => {
  test.each([
    ["concurrency", "4", false, 4],
    ["alert", "bell", false, "bell"],
    ["theme", "16", false, "16"],
    ["ops", '["a"]', false, ["a"]],
    ["hooks.onFailure", '"my program" "$1"', false, '"my program" "$1"'],
    ["metrics", "9464", false, "9464"],
    ["metrics", '"9464"', true, "9464"],
    ["keys.cancel", '["c", "x"]', false, ["c", "x"]],
    ["keys.cancel", "C", false, "C"],
  ])("%s %s (as JSON: %j) is %j", (key, word, isJson, value) => {
    expect(typedValue(word, configKey(key).schema, isJson)).toEqual(value);
  });

  test("--json needs JSON", () => {
    expect(() => typedValue("abc", configKey("stateDir").schema, true)).toThrow("is not valid JSON");
  });
});

describe("the text", () => {
  test("keeps order and formatting of everything else", () => {
    const text = '{\n    "nice": 3,  "mouse": true,\n\n    "queues": {"gpu": {"concurrency": 1}}\n}\n';
    expect(set(text, "queues.gpu.concurrency", 2)).toBe(text.replace('"concurrency": 1', '"concurrency": 2'));
    expect(set(text, "mouse", undefined)).toBe(text.replace('  "mouse": true,\n', "\n"));
    expect(set(text, "keepDays", 7)).toContain('\n    "keepDays": 7\n');
    expect(set('{\r\n\t"nice": 3\r\n}', "keepDays", 7)).toBe('{\r\n\t"nice": 3,\r\n\t"keepDays": 7\r\n}');
  });

  test.each([
    ['{"nice": 3}', "concurrency", 0, "concurrency must be a whole number of at least 1"],
    ["{", "nice", 3, `${FILE}:1:2: not valid JSON`],
    ["[]", "nice", 3, `${FILE}:1:1: must hold a JSON object`],
    ['{"nice": 1, "nice": 2}', "nice", 3, `${FILE}:1:13: nice stands twice: remove one of them`],
    ['{"hooks": {"onFail": "x"}}', "hooks.onStall", "y", 'hooks has no "onFail"'],
  ])("%s with %s = %j is refused: %s", (text, key, value, said) => {
    expect(thrown(() => set(text, key, value))).toContain(said);
  });

  test("other problems of the file stay, and are told", () => {
    const { text, problems } = changedText('{"nice": 99, "mouse": 3}', configKey("nice"), 5, FILE);
    expect(text).toBe('{"nice": 5, "mouse": 3}');
    expect(problems).toEqual([`${FILE}:1:22: mouse must be true or false`]);
  });

  test("any limits that are set one by one are read back, and removed one by one leave the file as it was", () => {
    const names = Object.keys(LIMITS) as Array<keyof typeof LIMITS>;
    const limit = fc
      .constantFrom(...names)
      .chain((name) => fc.tuple(fc.constant(name), fc.integer(LIMITS[name])));
    fc.assert(
      fc.property(fc.uniqueArray(limit, { selector: ([name]) => name }), (limits) => {
        let text = NEW_CONFIG;
        for (const [name, value] of limits) text = set(text, name, value);
        expect(configProblems(text)).toEqual([]);
        expect(checkConfig(text, FILE)).toEqual(Object.fromEntries(limits));
        for (const [name] of limits) text = set(text, name, undefined);
        expect(text).toBe(NEW_CONFIG);
      }),
      { numRuns: 40 },
    );
  });
});

describe("the settings in effect", () => {
  const flags = {
    ops: [],
    concurrency: 7,
    logLevel: null,
    metrics: null,
    fleet: { url: null, host: null, tags: null },
  };
  const sources = {
    options: { socket: "/run/d.sock" },
    env: { HOME: "/home/ann", LIVEOPS_STATE_DIR: "/state", LIVEOPS_DEBUG: "1" },
    config: { concurrency: 3, nice: 9, stateDir: "/file", queues: { gpu: { concurrency: 2 } } },
    flags,
  };

  test("a flag wins over the environment, that over the file, that over the default", () => {
    const shown = new Map(settingsInEffect(sources).map(({ key, value }) => [key, value]));
    expect(shown.get("socket")).toEqual("/run/d.sock");
    expect(shown.get("concurrency")).toEqual(7);
    expect(shown.get("stateDir")).toEqual("/state");
    expect(shown.get("logLevel")).toEqual("debug");
    expect(shown.get("nice")).toEqual(9);
    expect(shown.get("queues.gpu.concurrency")).toEqual(2);
    expect(shown.get("keepDays")).toEqual(180);
    expect(shown.get("metrics")).toEqual(undefined);
    expect(shown.get("env.fromDaemon")).toEqual([]);
  });

  test("a member has a default too", () => {
    const of = (key: string) => settingInEffect(configKey(key).path, sources).value;
    expect([of("fleet.lostAfter"), of("fleet.url"), of("queues.gpu"), of("hooks.onStall")]).toEqual([
      300,
      undefined,
      { concurrency: 2 },
      undefined,
    ]);
  });

  test("every setting has a place in the table and a time of its reload", () => {
    expect(Object.keys(RELOAD).sort()).toEqual([...CONFIG_KEYS].sort());
    expect(valueAt({ a: { b: 1 } }, ["a", "toString"])).toBeUndefined();
  });
});
