/**
 * The connections of this process to a remote daemon. A connection is used for several requests,
 * one after another: each one costs an ssh process and a process on the host.
 */
import type { Agent, RequestOptions } from "node:http";
import type { Duplex } from "node:stream";
import { UnreachableError } from "../../client/errors.js";
import type { RemoteDaemon, Transport } from "../../client/transport.js";
import { EXIT } from "../../exit-codes.js";
import { sanitize } from "../../text/sanitize.js";
import { shellLine } from "../../text/shell-quote.js";
import { EXAMPLES, onHost, parseAddress, type SshAddress, sshWords } from "./address.js";
import { noSsh } from "./errors.js";
import { option, remoteProgram, type SshSetup, sshLine, sshSetup } from "./ssh.js";
import { dial, leaveConnections, type Tunnel } from "./tunnel.js";

/** Milliseconds until the daemon must be reached where nobody is asked. */
const DIAL_MS = 20_000;

/** Connections for requests. To wait for one of them is faster than to start another process. */
const AT_A_TIME = 2;

type Env = Record<string, string | undefined>;

/** Whether ssh may ask for a password on the terminal. */
let mayAsk: boolean | null = null;

/** The only host for which ssh may ask after `askNothing`. */
let asking: RemoteHost | null = null;

const hosts = new Map<string, RemoteHost>();

export const ssh: Transport = {
  scheme: "ssh",
  examples: EXAMPLES,
  daemonAt(text, what) {
    const address = parseAddress(text, what);
    const host = hosts.get(address.text) ?? new RemoteHost(address, process.env);
    hosts.set(address.text, host);
    return host;
  },
  askNothing() {
    mayAsk = false;
  },
  leaveConnections,
  close() {
    for (const host of hosts.values()) host.close();
  },
};

class RemoteHost implements RemoteDaemon {
  readonly text: string;
  readonly name: string;
  /**
   * For requests that are answered at once. Made with the first one: an address alone loads no
   * HTTP.
   */
  #requests: Agent | null = null;
  #streams: Agent | null = null;
  #setup: Promise<SshSetup> | null = null;
  /**
   * The first connection, in which ssh may ask for a password. The others share what it has opened.
   */
  #first: Promise<unknown> | null = null;
  #hasAnswered = false;
  readonly #tunnels = new Set<Tunnel>();

  constructor(
    private readonly address: SshAddress,
    private readonly env: Env,
  ) {
    this.text = address.text;
    this.name = address.name;
  }

  #agent(maxSockets: number): Agent {
    const http = process.getBuiltinModule("node:http");
    const agent = new http.Agent({
      keepAlive: true,
      maxSockets,
      maxFreeSockets: AT_A_TIME,
      scheduling: "lifo",
    });
    agent.createConnection = (_options, callback) => {
      this.#connect().then(
        (tunnel) => callback?.(null, tunnel as Duplex),
        (error: Error) => callback?.(error, null as never),
      );
      return undefined;
    };
    return agent;
  }

  connection(isStream: boolean): RequestOptions {
    if (isStream) this.#streams ??= this.#agent(Number.POSITIVE_INFINITY);
    else this.#requests ??= this.#agent(AT_A_TIME);
    return { agent: (isStream ? this.#streams : this.#requests)! };
  }

  commandLine(words: readonly string[]): string {
    return onHost(this.address, words);
  }

  /** The shell of the host reads the words. */
  onTerminal(words: readonly string[]): Promise<number> {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const { address, env } = this;
    const socket = address.socket === null ? [] : ["--socket", address.socket];
    const command = `${remoteProgram(env)} ${shellLine([...words, ...socket])}`;
    const { file, args } = sshLine(["-t", ...sshWords(address, ["--"]), command], env);
    return new Promise((resolve, reject) => {
      const child = spawn(file, args, { stdio: "inherit", env });
      child.on("error", reject);
      child.on("exit", (code) => resolve(code ?? EXIT.fault));
    });
  }

  async start(): Promise<void> {
    const tunnel = await this.#dial(true);
    for (const line of tunnel.stderr.split("\n"))
      if (line.startsWith("liveopsd: ")) process.stderr.write(`${sanitize(line)}\n`);
    tunnel.destroy();
  }

  async asking<T>(run: () => Promise<T>): Promise<T> {
    asking = this;
    try {
      return await run();
    } finally {
      asking = null;
    }
  }

  close(): void {
    this.#requests?.destroy();
    this.#streams?.destroy();
    for (const tunnel of this.#tunnels) tunnel.destroy();
  }

  async #connect(): Promise<Tunnel> {
    // Requests that wait for the first connection fail with it: nobody is asked for the same
    // password again.
    while (!this.#hasAnswered && this.#first !== null) await this.#first;
    const dialled = this.#dial();
    if (!this.#hasAnswered) this.#first = dialled;
    try {
      const tunnel = await dialled;
      this.#hasAnswered = true;
      return tunnel;
    } finally {
      if (this.#first === dialled) this.#first = null;
    }
  }

  async #dial(starts = false): Promise<Tunnel> {
    const { address, env } = this;
    this.#setup ??= sshSetup(address, env);
    const setup = await this.#setup.catch((error: Error) => {
      this.#setup = null;
      throw noSsh(address, error);
    });
    const mayPrompt = asking === this || (mayAsk ?? hasTerminal());
    const prompts = !starts && !this.#hasAnswered && mayPrompt ? showPrompts() : null;
    try {
      const tunnel = await dial({ address, setup, env, prompts, starts, timeout: DIAL_MS });
      this.#tunnels.add(tunnel);
      tunnel.once("close", () => this.#tunnels.delete(tunnel));
      return tunnel;
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      if (setup.isShared && error.kind === "silent") this.#endShared(setup);
      error.wasReached = this.#hasAnswered;
      throw error;
    }
  }

  /**
   * Ends a shared connection that hangs, such as after a sleep of the machine: the next one is new.
   */
  #endShared({ options }: SshSetup): void {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const words = [
      ...option("BatchMode", "yes"),
      ...options,
      "-O",
      "exit",
      ...sshWords(this.address, ["--"]),
    ];
    const { file, args } = sshLine(words, this.env);
    spawn(file, args, { env: this.env, stdio: "ignore" })
      .on("error", () => {})
      .unref();
  }
}

function hasTerminal(): boolean {
  const { stdin, stderr } = process;
  return stderr.isTTY === true || stdin.isTTY === true;
}

/** Passes on what ssh says beside its prompts, such as to touch a key. */
function showPrompts(): (text: string) => void {
  return (text) => process.stderr.write(sanitize(text.replaceAll("\r", ""), { newlines: true }));
}
