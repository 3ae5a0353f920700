/**
 * `--host ssh://…` through a real sshd on loopback: two worlds as two machines, whose commands find
 * each other.
 */
// @module-tag sshd

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { VERSION_HEADER } from "../../protocol/version.js";
import { SshHost } from "../features/ssh/harness.js";
import { isAlive, type Seen } from "./processes.js";
import { onTerminal } from "./terminal.js";
import { until } from "./until.js";
import { useWorld, World } from "./world.js";

const remote = useWorld();
// Its configuration decides, as on a user's host.
delete remote.env.LIVEOPS_AUTOSTART;
const local = new World();
const host = new SshHost(remote);

beforeAll(async () => {
  local.make();
  await host.start();
  Object.assign(local.env, host.env, { LIVEOPS_HOST: host.address });
});
afterAll(async () => {
  await host.close();
  await local.close();
});

/** A script that prints numbered lines until `stop` is in the home directory. */
const LINES = "i=0; until [ -e stop ]; do i=$((i + 1)); echo line $i; sleep 0.1; done; rm stop";
const stopLines = () => remote.write("home/stop", "");

const submit = async (...words: string[]) =>
  (await local.liveops(["submit", ...words])).stdout.trim();
const numbers = (text: string) => [...text.matchAll(/^line (\d+)$/gm)].map(([, n]) => Number(n));

/** One that has just ended is as good. */
function kill(processes: Seen[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) if (isAlive(pid)) process.kill(pid, signal);
}

/** No connection is left, besides the shared one, and no process on the host. */
async function expectNothingLeft(): Promise<void> {
  await until(
    "every connection has ended",
    () => host.connections().length === 0 && host.dials().length === 0,
    () => JSON.stringify([host.connections(), host.dials()]),
  );
}
afterEach(async () => {
  await remote.quiet();
  await expectNothingLeft();
});

describe("a command", () => {
  test("asks the daemon of the host, and takes along what is true there", async () => {
    const ended = await local.liveops(["submit", "shell", "--", "pwd"], { env: { EDITOR: "ed" } });
    expect(ended).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringMatching(/^[a-z][0-9a-z]{11}\n$/),
    });
    const id = ended.stdout.trim();
    await remote.inState(id, "succeeded");
    const record = await remote.client.show(id);
    expect(record.cwd).toBe(remote.env.HOME);
    expect(record.env).toEqual(expect.arrayContaining(["EDITOR", "TZ"]));
    expect(record.env).not.toEqual(expect.arrayContaining(["PATH"]));
    expect((await local.liveops(["logs", id])).stdout).toContain(`${remote.env.HOME}\n`);
    expect((await local.liveops(["wait", id])).code).toBe(0);
    expect((await local.liveops(["ls"])).stdout).toContain(id);
    expect((await local.liveopsd(["status"])).stdout).toContain(remote.socket);
  });

  test("reads files here, and names directories there", async () => {
    local.write("work/hello.yaml", 'stages:\n  - name: Hello\n    run: echo "from $PWD"\n');
    local.write("work/params.json", '{"args": ["sh", "-c", "exit 7"]}');
    const dir = join(remote.dir, "work");
    const ended = await local.liveops(["submit", "hello.yaml", "--cwd", dir, "--wait"]);
    expect(ended).toMatchObject({ code: 0 });
    expect((await local.liveops(["logs"])).stdout).toContain(`from ${dir}`);
    const failed = await local.liveops([
      "submit",
      "shell",
      "--params",
      "@params.json",
      "--exit-status",
    ]);
    expect(failed.code).toBe(7);
    const relative = await local.liveops(["submit", "shell", "--cwd", "src", "--", "true"]);
    expect(relative).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/relative.*on box.*--cwd \/srv/s),
    });
  });

  test("passes over what the remote shell prints", async () => {
    const rc = remote.write("home/.bashrc", "echo welcome to box; echo and to stderr >&2\n");
    try {
      expect(await local.liveops(["queue"])).toMatchObject({ code: 0, stderr: "" });
    } finally {
      rmSync(rc);
    }
  });

  test("asks an agent's and a shell's questions there", async () => {
    const initialize = {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-06-18",
        capabilities: {},
        clientInfo: { name: "t", version: "1" },
      },
    };
    const call = {
      jsonrpc: "2.0",
      id: 2,
      method: "tools/call",
      params: { name: "list_hosts", arguments: {} },
    };
    const input = [initialize, { jsonrpc: "2.0", method: "notifications/initialized" }, call];
    const mcp = await local.liveops(["mcp"], {
      input: input.map((each) => `${JSON.stringify(each)}\n`).join(""),
    });
    expect(mcp.stdout.split("\n")).toHaveLength(3);
    const id = await submit("shell", "--", "true");
    // Completion gives up after a short time, in which a busy machine does not answer.
    const patient = `import { syncBuiltinESMExports } from "node:module";
      import timers from "node:timers/promises";
      timers.setTimeout = () => new Promise(() => {});
      syncBuiltinESMExports();`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(patient)}` };
    const words = [
      "__complete",
      "zsh",
      "100",
      "liveops",
      "show",
      "--host",
      "ssh://box",
      id.slice(0, 4),
    ];
    expect((await local.liveops(words, { env })).stdout).toContain(id);
  });
});

describe("a lost connection", () => {
  const follow = (id: string) => [
    local.start("liveops", ["logs", "-f", id]),
    local.start("liveops", ["watch", id]),
  ];

  /** Both have printed the line, or a later one. */
  const reach = async (followers: ReturnType<typeof follow>, n: number) => {
    for (const each of followers)
      await until(
        `line ${n}`,
        () => (numbers(each.stdout).at(-1) ?? 0) >= n,
        () => each.stderr,
      );
  };

  const lastOf = (followers: ReturnType<typeof follow>) =>
    Math.max(...followers.map(({ stdout }) => numbers(stdout).at(-1) ?? 0));

  test("is taken up again: every line appears once", async () => {
    const id = await submit("shell", `script=${LINES}`);
    const followers = follow(id);
    await reach(followers, 3);
    kill(host.connections(), "SIGKILL");
    await reach(followers, lastOf(followers) + 3);
    // The shared connection, and all that goes through it.
    kill(host.clients(), "SIGKILL");
    await reach(followers, lastOf(followers) + 3);
    // The other side.
    kill(host.dials(), "SIGKILL");
    await reach(followers, lastOf(followers) + 3);
    // A machine that is off for a while.
    const losses = () => followers.map(({ stderr }) => stderr.split("lost the daemon").length - 1);
    const before = losses();
    await host.stop();
    kill(host.clients(), "SIGKILL");
    await until("the loss is told", () => losses().every((count, i) => count > before[i]!));
    await host.listen();
    await reach(followers, lastOf(followers) + 3);
    stopLines();
    for (const each of followers) {
      const { code, stdout } = await each.ended;
      expect(code).toBe(0);
      const all = numbers(stdout);
      expect(all).toEqual(all.map((_, i) => i + 1));
    }
    expect(numbers((await local.liveops(["logs", id])).stdout)).toEqual(
      numbers(followers[0]!.stdout),
    );
  });

  test("on the dashboard is told, and taken up again", async () => {
    const id = await submit("shell", `script=${LINES}`, "--label", "on the dashboard");
    await using terminal = onTerminal(local, "liveops-tui", [id]);
    await terminal.screen.until(/line \d+/);
    await host.stop();
    kill(host.clients(), "SIGKILL");
    await terminal.screen.until("reconnecting");
    await host.listen();
    stopLines();
    await terminal.screen.until("succeeded");
    terminal.press("q");
    expect(await terminal.exited).toBe(0);
  });
});

test("a password is asked before the screen of the dashboard is drawn", async () => {
  kill(host.clients(), "SIGTERM");
  await until("no connection is shared", () => host.clients().length === 0);
  const key = join(local.dir, "locked");
  copyFileSync(join(host.dir, "user"), key);
  chmodSync(key, 0o600);
  execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", "open sesame", "-f", key]);
  const config = readFileSync(join(host.dir, "config"), "utf8").replace(
    join(host.dir, "user"),
    key,
  );
  const file = local.write("ssh_config", config);
  const env = { ...local.env, LIVEOPS_SSH_COMMAND: `ssh -F ${file}` };
  await using terminal = onTerminal(
    Object.assign(Object.create(local), { env }),
    "liveops-tui",
    [],
  );
  const { screen } = terminal;
  await screen.until("Enter passphrase");
  expect(screen.alternate).toBe(false);
  terminal.press("open sesame\r");
  await screen.until((text) => screen.alternate && text.includes("running"));
  terminal.press("q");
  expect(await terminal.exited).toBe(0);
});

describe("a terminal of the host", () => {
  test("is attached to", async () => {
    const id = await submit("shell", "--tty", 'script=read -p "Name? " name; echo "hello $name"');
    await using terminal = onTerminal(local, "liveops", ["attach", id]);
    await terminal.screen.until("Name?");
    terminal.press("ann\r");
    await terminal.screen.until("hello ann");
    expect(await terminal.exited).toBe(0);
  });
});

test("nothing is left of a command that a signal ends", async () => {
  const id = await submit("shell", `script=${LINES}`);
  const signals = ["SIGINT", "SIGTERM", "SIGKILL"] as const;
  const commands = signals.map((signal) => ({
    signal,
    logs: local.start("liveops", ["logs", "-f", id]),
  }));
  for (const { logs } of commands) await logs.says("stdout", "line 1\n");
  expect(host.connections().length).toBeGreaterThanOrEqual(3);
  for (const { signal, logs } of commands) logs.signal(signal);
  for (const { logs } of commands) await logs.ended;
  await expectNothingLeft();
  stopLines();
  await remote.finished(id);
  // The socket of the shared connection, which ends by itself.
  const files = readdirSync(join(local.dir, "run"), { recursive: true }).map(String);
  expect(files.filter((file) => !/^liveops(\/ssh(\/[\da-f]{40})?)?$/.test(file))).toEqual([]);
  expect(readdirSync(join(local.dir, "tmp"))).toEqual([]);
});

describe("a host that is not reached", () => {
  const ls = async (env: Record<string, string> = {}) => {
    const { code, stdout, stderr } = await local.liveops(["ls"], { env });
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    return stderr;
  };

  test("has no daemon", async () => {
    const stderr = await ls({ LIVEOPS_HOST: `ssh://box${remote.dir}/none.sock` });
    expect(stderr).toBe(
      `liveops: no daemon answers on box: ${remote.dir}/none.sock (ENOENT)\n` +
        `start it with: ssh box liveops start --socket ${remote.dir}/none.sock\n`,
    );
  });

  test("starts its daemon for a submit, unless its configuration says otherwise", async () => {
    await remote.liveopsd(["stop"]);
    expect(await ls()).toMatch(
      /^liveops: no daemon answers on box: .*\nstart it with: ssh box liveops start\n$/,
    );
    const words = ["submit", "shell", "--", "true"];
    const config = remote.write("config/liveops/config.json", '{"autostart": false}');
    try {
      expect((await local.liveops(words)).code).toBe(3);
    } finally {
      rmSync(config);
    }
    expect(await local.liveops(words)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^liveopsd: started \(pid \d+\)/),
    });
    expect((await local.liveops(words)).stderr).toBe("");
  });

  test("has no liveops", async () => {
    const stderr = await ls({ LIVEOPS_REMOTE_COMMAND: "/opt/none/liveops" });
    expect(stderr).toMatch(
      /No such file.*liveops was not found on box\n.*LIVEOPS_REMOTE_COMMAND=/s,
    );
  });

  test("is unknown, closed, or refuses the key; ssh says why", async () => {
    expect(await ls({ LIVEOPS_HOST: "ssh://no-such-host.invalid" })).toMatch(
      /Could not resolve hostname.*\nssh did not reach no-such-host.invalid\ntry: ssh no-such-host.invalid true\n$/s,
    );
    expect(await ls({ LIVEOPS_HOST: "ssh://box:1" })).toMatch(
      /Connection refused.*ssh did not reach box:1/s,
    );
    expect(await ls({ LIVEOPS_HOST: "ssh://nobody-else@box" })).toMatch(
      /Permission denied.*ssh did not reach/s,
    );
  });

  test("has another key than before", async () => {
    kill(host.clients(), "SIGTERM");
    await until("no connection is shared", () => host.clients().length === 0);
    const known = join(host.dir, "known");
    renameSync(known, `${known}.kept`);
    const key = "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    writeFileSync(known, `[127.0.0.1]:${host.port} ssh-ed25519 ${key}\n`);
    try {
      expect(await ls()).toMatch(/HOST IDENTIFICATION HAS CHANGED.*\nssh did not reach box\n/s);
    } finally {
      renameSync(`${known}.kept`, known);
    }
  });

  test("has a liveops of another version", async () => {
    const socket = join(remote.dir, "other.sock");
    const server = createServer((_request, response) =>
      response.setHeader(VERSION_HEADER, "99.0.0").end("{}"),
    );
    await once(server.listen(socket), "listening");
    const ended = await local.liveops(["ls"], { env: { LIVEOPS_HOST: `ssh://box${socket}` } });
    server.close();
    expect(ended.code).toBe(5);
    expect(ended.stderr).toContain("is liveops 99.0.0, this command is");
    expect(ended.stderr).toContain("ssh box liveops restart");
  });
});

test("dial-stdio passes bytes, and says nothing else on stdout", async () => {
  const input = "GET /v1/daemon HTTP/1.1\r\nHost: liveops\r\nConnection: close\r\n\r\n";
  const { code, stdout, stderr } = await remote.liveops(["dial-stdio"], { input });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"version".*\}$/s);
  const none = await remote.liveops(["dial-stdio", "--socket", join(remote.dir, "none.sock")]);
  expect(none).toMatchObject({
    code: 3,
    stdout: "",
    stderr: expect.stringContaining("no daemon answers on"),
  });
});
