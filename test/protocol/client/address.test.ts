/** Addresses of daemons, as `--host` and LIVEOPS_HOST take them. */
import { describe, expect, test } from "vitest";
import { parseAddress, remoteOf } from "../../../protocol/client/address.js";
import { UsageError } from "../../../protocol/failures.js";

function refusal(text: string): string {
  try {
    parseAddress(text);
  } catch (error) {
    if (error instanceof UsageError) return `${error.message}\n${error.hint}`;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

test("a daemon of another machine is told from a socket of this one", () => {
  expect(parseAddress("ssh://box/").options).toEqual({ remote: "ssh://box" });
  expect(remoteOf("ssh://box")?.name).toBe("box");
  expect(remoteOf("/run/liveops.sock")).toBeNull();
  expect(remoteOf(undefined)).toBeNull();
});

test.each([
  ["box", /"box" is not an address.*did you mean ssh:\/\/box\?/s],
  ["", /"" is not an address.*give ssh:\/\/user@host, .* or unix:\/\/\/path/s],
  ["tcp://box", /"tcp:\/\/box" is not an address of ssh or of a socket.*give ssh:/s],
])("%j is refused", (text, why) => {
  expect(refusal(text)).toMatch(why);
});

describe("an address of a socket", () => {
  test("names an absolute path", () => {
    expect(parseAddress("unix:///run/my%20ops.sock").options).toEqual({
      socket: "/run/my ops.sock",
    });
  });

  test("is that of the environment without a path", () => {
    expect(parseAddress("unix://")).toEqual({ text: "unix://", options: {} });
  });

  test.each(["unix://relative", "unix:/a", "unix:///a%00b"])("%s is refused", (text) => {
    expect(refusal(text)).toContain("unix:///path/to/liveopsd.sock");
  });
});
