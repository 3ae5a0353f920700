/**
 * The options that ssh gets: ours are defaults. The system's ssh reads the configuration.
 *
 * @module-tag sshd
 */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAddress } from "../../../protocol/features/ssh/address.js";
import { remoteCommand, sshLine, sshSetup } from "../../../protocol/features/ssh/ssh.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
const box = parseAddress("ssh://box", "--host");

function envWith(...lines: string[]): Record<string, string> {
  const dir = directory();
  const config = join(dir, "config");
  writeFileSync(config, ["Host box", ...lines, ""].join("\n"));
  const run = join(dir, "run");
  mkdirSync(run, { recursive: true, mode: 0o700 });
  return { PATH: process.env.PATH!, XDG_RUNTIME_DIR: run, LIVEOPS_SSH_COMMAND: `ssh -F ${config}` };
}

describe("a host without settings", () => {
  test("has a shared connection in a private directory, and notices a dead one", async () => {
    const env = envWith();
    const { options, isOpenSsh, isShared } = await sshSetup(box, env);
    expect({ isOpenSsh, isShared }).toEqual({ isOpenSsh: true, isShared: true });
    const sockets = join(env.XDG_RUNTIME_DIR!, "liveops", "ssh");
    expect(options).toEqual(
      expect.arrayContaining([
        "-T",
        "ConnectTimeout=10",
        "ServerAliveInterval=15",
        "ServerAliveCountMax=3",
        "ControlMaster=auto",
        `ControlPath=${sockets}/%C`,
        "ControlPersist=60",
        "RemoteCommand=none",
      ]),
    );
    expect(statSync(sockets).mode & 0o777).toBe(0o700);
  });

  test("shares nothing where the path would be too long for a socket", async () => {
    const deep = join(directory(), "d".repeat(80));
    mkdirSync(deep, { mode: 0o700 });
    const { options, isShared } = await sshSetup(box, { ...envWith(), XDG_RUNTIME_DIR: deep });
    expect(isShared).toBe(false);
    expect(options.join(" ")).not.toContain("Control");
  });
});

describe("settings of the user", () => {
  test("stay", async () => {
    const { options, isShared } = await sshSetup(
      box,
      envWith(
        "ConnectTimeout 3",
        "ServerAliveInterval 7",
        "ControlPath /tmp/mine-%C",
        "ControlMaster auto",
      ),
    );
    expect(isShared).toBe(false);
    expect(options.join(" ")).not.toMatch(/ConnectTimeout|ServerAlive|ControlPath|ControlMaster/);
  });
});

describe("another program", () => {
  test("that is not OpenSSH gets no options", async () => {
    const env = { PATH: process.env.PATH!, LIVEOPS_SSH_COMMAND: "true" };
    expect(await sshSetup(box, env)).toEqual({ options: [], isOpenSsh: false, isShared: false });
  });

  test("that is missing is an error", async () => {
    await expect(sshSetup(box, { PATH: "/nowhere" })).rejects.toThrow("ENOENT");
    const env = { PATH: process.env.PATH!, LIVEOPS_SSH_COMMAND: "no-such-ssh" };
    await expect(sshSetup(box, env)).rejects.toThrow(/no-such-ssh.*not found/);
  });

  test("is read by a shell, and our words are not", () => {
    const { file, args } = sshLine(["-p", "1", "$(x)"], { LIVEOPS_SSH_COMMAND: "ssh -F 'a b'" });
    expect(file).toBe("/bin/sh");
    expect(args).toEqual(["-c", `ssh -F 'a b' "$@"`, "ssh", "-p", "1", "$(x)"]);
  });
});

test("the remote command quotes the path of the socket", () => {
  expect(remoteCommand(box, {})).toBe("liveops dial-stdio --hello");
  expect(remoteCommand(box, {}, true)).toBe("liveops dial-stdio --hello --start");
  const other = parseAddress("ssh://box/a%20b/$(x)", "--host");
  expect(remoteCommand(other, { LIVEOPS_REMOTE_COMMAND: "~/bin/liveops" })).toBe(
    "~/bin/liveops dial-stdio --hello --socket '/a b/$(x)'",
  );
});
