import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { submitPlace } from "../../../protocol/client/submit-place.js";
import { UsageError } from "../../../protocol/failures.js";

const env = {
  PATH: "/opt/bin",
  HOME: "/home/ann",
  LANG: "de_DE.UTF-8",
  LIVEOPS_SOCKET: "/a",
  TERM: "xterm",
};

describe("a submit", () => {
  test("to a daemon of this machine takes directory and variables along", () => {
    expect(submitPlace("/run/a.sock", { allow: undefined }, env)).toEqual({
      cwd: process.cwd(),
      env,
    });
    const other = submitPlace(
      "/run/a.sock",
      { cwd: "x", allow: [] },
      { ...env, LIVEOPS_SESSION: "s" },
    );
    expect(other).toMatchObject({ cwd: resolve("x"), session: "s", submittedFrom: process.cwd() });
  });

  test("to another machine takes along what is true there", () => {
    const place = submitPlace("ssh://box", { allow: undefined }, env);
    expect(place).toEqual({ env: { LANG: "de_DE.UTF-8", TERM: "xterm" } });
  });

  test("to another machine names a directory of that machine", () => {
    expect(submitPlace("ssh://box", { cwd: "/srv", allow: [] }, env).cwd).toBe("/srv");
    expect(() => submitPlace("ssh://box", { cwd: "srv", allow: [] }, env)).toThrow(UsageError);
  });
});
