/**
 * How ssh is called: the system's program with the user's configuration, known hosts and agent.
 * Options of ours are defaults: what the user's configuration sets stays.
 */
import { accessSync, constants, lstatSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory } from "../../system/directories.js";
import { pathProblem } from "../../system/owned-path.js";
import { cacheDir } from "../../system/places.js";
import { shellQuote } from "../../text/shell-quote.js";
import { type SshAddress, sshWords } from "./address.js";

type Env = Record<string, string | undefined>;

export interface ProgramLine {
  file: string;
  args: string[];
}

/** Seconds that ssh waits for the host, and after which it notices a dead connection. */
const CONNECT_S = 10;
const ALIVE_S = 15;
const ALIVE_MISSED = 3;

/** Seconds that a shared connection outlives its last use. */
const PERSIST_S = 60;

/** The longest path to which ssh can bind: it appends 17 characters until the socket listens. */
const MAX_CONTROL_PATH = (process.platform === "linux" ? 107 : 103) - 17;
/** Length of the hash that ssh puts in place of %C. */
const HASH = 40;

/** Exit code of a shell that finds no program. */
const NOT_FOUND = 127;

/** Milliseconds that ssh may take to print its configuration. */
const PROBE_MS = 5000;

/**
 * `LIVEOPS_SSH_COMMAND` is read by a shell, as git reads GIT_SSH_COMMAND; our words are never part
 * of its text.
 */
export function sshLine(words: string[], env: Env): ProgramLine {
  const { LIVEOPS_SSH_COMMAND: own } = env;
  if (!own) return { file: "ssh", args: words };
  return { file: "/bin/sh", args: ["-c", `${own} "$@"`, "ssh", ...words] };
}

/** What the host's shell runs as liveops. */
export function remoteProgram(env: Env): string {
  return env.LIVEOPS_REMOTE_COMMAND || "liveops";
}

/** The command that the host's shell runs. @param starts - the host may start its daemon */
export function remoteCommand({ socket }: SshAddress, env: Env, starts = false): string {
  const words = [remoteProgram(env), "dial-stdio", "--hello"];
  if (starts) words.push("--start");
  if (socket !== null) words.push("--socket", shellQuote(socket));
  return words.join(" ");
}

/** How a connection to a host is made. */
export interface SshSetup {
  /** Options before the host; empty for a program with other options than those of OpenSSH. */
  options: string[];
  isOpenSsh: boolean;
  /** Whether connections go through a socket of ours, so that one that hangs can be ended. */
  isShared: boolean;
}

/** Reads what the user has configured for the host. @throws Error where the program is missing */
export async function sshSetup(address: SshAddress, env: Env): Promise<SshSetup> {
  const configured = await configurationOf(address, env);
  if (configured === null) return { options: [], isOpenSsh: false, isShared: false };
  const isUnset = (name: string, ...values: string[]) =>
    values.includes(configured.get(name) ?? values[0]!);
  const options = [
    "-T",
    "-a",
    "-x",
    ...option("ClearAllForwardings", "yes"),
    ...option("RemoteCommand", "none"),
  ];
  if (isUnset("connecttimeout", "none", "0")) options.push(...option("ConnectTimeout", CONNECT_S));
  if (isUnset("serveraliveinterval", "0"))
    options.push(
      ...option("ServerAliveInterval", ALIVE_S),
      ...option("ServerAliveCountMax", ALIVE_MISSED),
    );
  const dir =
    isUnset("controlpath", "none") && isUnset("controlmaster", "false", "no")
      ? controlDir(env)
      : null;
  if (dir !== null)
    options.push(
      ...option("ControlMaster", "auto"),
      ...option("ControlPath", `${dir}/%C`),
      ...option("ControlPersist", PERSIST_S),
    );
  return { options, isOpenSsh: true, isShared: dir !== null };
}

export function option(name: string, value: string | number): string[] {
  return ["-o", `${name}=${value}`];
}

/** Null: the program is not OpenSSH. */
async function configurationOf(address: SshAddress, env: Env): Promise<Map<string, string> | null> {
  const { execFile } = process.getBuiltinModule("node:child_process");
  const { file, args } = sshLine(["-G", ...sshWords(address)], env);
  const text = await new Promise<string>((resolve, reject) => {
    const child = execFile(file, args, { env, timeout: PROBE_MS }, (error, stdout, stderr) => {
      const isMissing = error?.code === "ENOENT" || error?.code === NOT_FOUND;
      if (isMissing) reject(new Error(stderr.trim() || "ENOENT"));
      else resolve(error === null ? stdout : "");
    });
    child.stdin?.end();
  });
  const lines = text.split("\n").map((line) => line.split(" "));
  const options = new Map(
    lines.map(([name = "", ...value]) => [name.toLowerCase(), value.join(" ")]),
  );
  return options.has("hostname") ? options : null;
}

/**
 * A directory that only this user can enter, for the sockets of shared connections. Null where
 * there is none: then each connection is made anew.
 */
function controlDir(env: Env): string | null {
  const { XDG_RUNTIME_DIR: runtime } = env;
  const dir =
    runtime && isWritable(runtime) ? join(runtime, "liveops", "ssh") : join(cacheDir(env), "ssh");
  // ssh expands these characters in the path.
  if (!/^\/[\w./+-]*$/.test(dir) || dir.length + 1 + HASH > MAX_CONTROL_PATH) return null;
  try {
    makeDirectory(dir, 0o700);
    const isOwn = (lstatSync(dir).mode & 0o077) === 0 && pathProblem(dir) === null;
    return isOwn && isWritable(dir) ? dir : null;
  } catch {
    return null;
  }
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
