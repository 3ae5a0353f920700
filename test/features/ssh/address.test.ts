import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { remoteOf } from "../../../protocol/client/address.js";
import { UsageError } from "../../../protocol/failures.js";
import { parseAddress, type SshAddress, sshWords } from "../../../protocol/features/ssh/address.js";

function refusal(text: string): UsageError {
  try {
    parseAddress(text, "--host");
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`${text} was taken`);
}

describe("an address of ssh", () => {
  test.each<[string, Partial<SshAddress>]>([
    ["ssh://box", { user: null, host: "box", port: null, socket: null, name: "box" }],
    ["ssh://box/", { socket: null, text: "ssh://box" }],
    [
      "ssh://ann@box.example.com:2222",
      { user: "ann", port: 2222, name: "ann@box.example.com:2222" },
    ],
    [
      "ssh://box/run/my%20ops/s.sock",
      { socket: "/run/my ops/s.sock", name: "box/run/my ops/s.sock" },
    ],
    ["ssh://ann%40corp@box", { user: "ann@corp", host: "box", name: "ann@corp@box" }],
    ["ssh://[fe80::1%eth0]:22", { host: "fe80::1%eth0", port: 22, name: "[fe80::1%eth0]:22" }],
    ["ssh://my_alias", { host: "my_alias" }],
  ])("%s", (text, expected) => {
    const address = parseAddress(text, "--host");
    expect(address).toMatchObject(expected);
    expect(parseAddress(address.text, "--host")).toEqual(address);
  });

  test.each([
    ["ssh://", /names no host/],
    ["ssh://ann@", /names no host/],
    ["ssh://-oProxyCommand=touch", /host that is not valid/],
    ["ssh://-v@box", /user that is not valid/],
    ["ssh://%2Dv@box", /user that is not valid/],
    ["ssh://box;true", /host that is not valid/],
    ["ssh://$(id)", /host that is not valid/],
    ["ssh://a b", /host that is not valid/],
    ["ssh://box:0", /port/],
    ["ssh://box:65536", /port/],
    ["ssh://box:2222x", /port/],
    ["ssh://box:", /port/],
    ["ssh://[box]", /host that is not valid/],
    ["ssh://box/a?b=c", /more than a path/],
    ["ssh://box/a%0ab", /path that is not valid/],
  ])("%s is refused", (text, why) => {
    const { message, hint } = refusal(text);
    expect(`${message}\n${hint}`).toMatch(why);
    expect(hint).toMatch(/ssh:\/\//);
  });

  test("a password is refused, and not repeated", () => {
    const { message, hint } = refusal("ssh://ann:hunter2@box");
    expect(message).toContain("has a password");
    expect(message + hint).not.toContain("hunter2");
  });

  test("no text reaches ssh as an option, or a shell as more than a word", () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme-ascii" }),
      fc.stringMatching(/^[-@:/%$;`\\ a-z0-9.[\]]{0,20}$/),
    );
    fc.assert(
      fc.property(text, (rest) => {
        let address: SshAddress;
        try {
          address = parseAddress(`ssh://${rest}`, "--host");
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
          return;
        }
        const words = sshWords(address);
        const target = words.at(-1)!;
        expect(target).not.toMatch(/^-|[\s;&|<>$`'"(){}*?!#~]/);
        expect(words.slice(0, -1)).toEqual(
          address.port === null ? [] : ["-p", String(address.port)],
        );
        expect(parseAddress(address.text, "--host")).toEqual(address);
      }),
    );
  });
});

test("a command for the host is a line that a person can type", () => {
  expect(remoteOf("ssh://ann@box:22")?.commandLine(["liveops", "start", "--socket", "/a b"])).toBe(
    "ssh -p 22 ann@box liveops start --socket '/a b'",
  );
});
