/** The level of the daemon's log, from flag, environment and config file. */
import { describe, expect, test } from "vitest";
import { LOG_LEVELS, logLevelFrom } from "../../../protocol/system/log-level.js";

describe("logLevelFrom", () => {
  test("the default is info", () => expect(logLevelFrom(undefined, {}, undefined)).toBe("info"));

  test("a flag overrides the environment, the environment overrides the config file", () => {
    expect(logLevelFrom(undefined, {}, "warn")).toBe("warn");
    expect(logLevelFrom(undefined, { LIVEOPS_DEBUG: "1" }, "warn")).toBe("debug");
    expect(logLevelFrom("error", { LIVEOPS_DEBUG: "1" }, "warn")).toBe("error");
  });

  test.each([
    ["1", "debug"],
    ["true", "debug"],
    ["ON", "debug"],
    ["trace", "trace"],
    ["", "info"],
    ["0", "info"],
    ["off", "info"],
  ])("LIVEOPS_DEBUG=%j selects %s", (value, level) => {
    expect(logLevelFrom(undefined, { LIVEOPS_DEBUG: value }, undefined)).toBe(level);
  });

  test.each([
    ["loud", {}, "--log-level: 'loud'"],
    [undefined, { LIVEOPS_DEBUG: "constructor" }, "LIVEOPS_DEBUG: 'constructor'"],
  ])("an unknown level is refused with the choices", (flag, env, name) => {
    const refused = () => logLevelFrom(flag, env, undefined);
    expect(refused).toThrow(name);
    expect(refused).toThrow(LOG_LEVELS.join(", "));
  });
});
