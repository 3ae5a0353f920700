/**
 * A host to which ssh connects: an sshd of the test's own on a loopback port, with its own keys.
 * Its sessions have the environment of a world, so that `liveops` there finds the daemon of that
 * world.
 *
 * No service is started, and no file of the user is read.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { binFile } from "../../end-to-end/bins.js";
import { processesOf, type Seen } from "../../end-to-end/processes.js";
import { until } from "../../end-to-end/until.js";
import type { World } from "../../end-to-end/world.js";
import { pathOf } from "../../harness/programs.js";

interface SshOptions {
  /** Lines for the configuration of ssh, besides those of the host. */
  clientLines?: string[];
  /** Lines for the configuration of sshd. */
  serverLines?: string[];
}

export class SshHost {
  readonly dir: string;
  readonly bin: string;
  port = 0;
  #sshd: ChildProcess | null = null;

  /** @param remote - the other machine; its directory holds the files of sshd */
  constructor(
    private readonly remote: World,
    /** The alias of the host in the configuration of ssh. */
    readonly name = "box",
    private readonly options: SshOptions = {},
  ) {
    this.dir = join(remote.dir, "ssh");
    this.bin = join(this.dir, "bin");
  }

  get address(): string {
    return `ssh://${this.name}`;
  }

  /** What a command needs to reach the host by its alias. */
  get env(): Record<string, string> {
    return { LIVEOPS_SSH_COMMAND: `ssh -F ${join(this.dir, "config")}` };
  }

  async start(): Promise<this> {
    mkdirSync(this.bin, { recursive: true });
    for (const name of ["host", "user"])
      execFileSync("ssh-keygen", [
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "",
        "-f",
        join(this.dir, name),
      ]);
    execFileSync("cp", [join(this.dir, "user.pub"), join(this.dir, "authorized")]);
    this.install();
    this.port = await freePort();
    // It changes to a directory of root before a login, and makes none.
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    this.#write();
    await this.listen();
    return this;
  }

  /** Makes `liveops` a program of the host. */
  install(): void {
    for (const name of ["liveops", "liveopsd"]) {
      const link = join(this.bin, name);
      if (!existsSync(link)) symlinkSync(binFile(name), link);
    }
  }

  #write(): void {
    const { port, dir } = this;
    const env = {
      ...this.remote.env,
      PATH: `${this.bin}:${dirname(process.execPath)}:/usr/bin:/bin`,
    };
    const variables = Object.entries(env).map(([name, value]) => `"${name}=${value}"`);
    writeFileSync(
      join(dir, "sshd_config"),
      [
        `Port ${port}`,
        "ListenAddress 127.0.0.1",
        `HostKey ${dir}/host`,
        `AuthorizedKeysFile ${dir}/authorized`,
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PrintMotd no",
        "MaxStartups 100",
        `SetEnv ${variables.join(" ")}`,
        ...(this.options.serverLines ?? []),
        "",
      ].join("\n"),
    );
    writeFileSync(
      join(dir, "config"),
      [
        `Host ${this.name}`,
        "  HostName 127.0.0.1",
        `  Port ${port}`,
        `  User ${userInfo().username}`,
        `  IdentityFile ${dir}/user`,
        "  IdentitiesOnly yes",
        "  IdentityAgent none",
        `  UserKnownHostsFile ${dir}/known`,
        "  GlobalKnownHostsFile /dev/null",
        "  StrictHostKeyChecking accept-new",
        ...(this.options.clientLines ?? []),
        "",
      ].join("\n"),
    );
  }

  async listen(): Promise<void> {
    const sshd = spawn(pathOf("sshd"), ["-D", "-e", "-f", join(this.dir, "sshd_config")], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: "/usr/bin:/bin" },
    });
    this.#sshd = sshd;
    let said = "";
    sshd.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    await until("sshd listens", () => {
      if (sshd.exitCode !== null) throw new Error(`sshd ended: ${said}`);
      return said.includes("listening on");
    });
  }

  /** The machine refuses connections; those that are open stay. */
  async stop(): Promise<void> {
    const sshd = this.#sshd;
    if (sshd === null || sshd.exitCode !== null || sshd.signalCode !== null) return;
    const ended = new Promise((resolve) => sshd.once("exit", resolve));
    sshd.kill("SIGTERM");
    await ended;
  }

  /** The ssh processes of commands. */
  connections(): Seen[] {
    return processesOf(`${this.dir}/config`).filter(({ command }) => command.startsWith("ssh -F "));
  }

  /** Those, and the ones whose connections they share. */
  clients(): Seen[] {
    const known = new Set(this.connections().map(({ pid }) => pid));
    const shared = connectedTo(this.port).filter(({ pid }) => !known.has(pid));
    return [...this.connections(), ...shared];
  }

  /** The `liveops dial-stdio` processes on the host. */
  dials(): Seen[] {
    return processesOf(this.remote.dir).filter(({ command }) =>
      /^node .* dial-stdio /.test(command),
    );
  }

  /** Ends shared connections and sshd. */
  async close(): Promise<void> {
    for (const { pid } of this.clients()) kill(pid);
    await this.stop();
  }
}

/** A process may end before it is told to. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * The ssh processes with a connection to a port of 127.0.0.1. One that shares its connection has no
 * other trace.
 */
function connectedTo(port: number): Seen[] {
  const peer = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync("/proc/net/tcp", "utf8").split("\n");
  const inodes = new Set(
    rows
      .map((row) => row.trim().split(/\s+/))
      .flatMap((row) => (row[2] === peer ? [`socket:[${row[9]}]`] : [])),
  );
  return processesOf("ssh").filter(
    ({ pid, command }) => /^ssh[: ]/.test(command) && linksOf(pid).some((link) => inodes.has(link)),
  );
}

/** What the descriptors of a process are. */
function linksOf(pid: number): string[] {
  try {
    const dir = `/proc/${pid}/fd`;
    return readdirSync(dir).map((fd) => readlinkSync(join(dir, fd)));
  } catch {
    return [];
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
