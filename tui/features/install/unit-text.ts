/**
 * The systemd unit of the daemon, as text. The reason of each setting:
 *
 * - `Type=notify`: the unit is started when the daemon answers. `NotifyAccess=all`:
 *   `systemd-notify` sends the messages.
 * - `KillMode=process`: running operations continue, and the next daemon adopts them.
 * - `Delegate=yes`: each operation gets a cgroup. `DelegateSubgroup=daemon`: the daemon starts
 *   again while operations run (systemd 254 and newer).
 * - `WatchdogSec=30`: systemd ends a daemon that sends no ping for 30 s. A ping means that it can
 *   record a decision.
 * - `Restart=on-failure`: a `stop` stays stopped. The pause before a restart grows from 2 s to 60 s
 *   (systemd 254 and newer).
 * - `StartLimitIntervalSec=0`: a full disk or a late mount delays the daemon, and does not end the
 *   tries.
 * - `RestartPreventExitStatus=2`: an invalid config file or option needs a person.
 * - `TasksMax=infinity`: the processes of all operations count as tasks of the unit.
 * - `OOMPolicy=continue`: an operation that runs out of memory does not end the daemon.
 * - `MALLOC_TRIM_THRESHOLD_` (`env`): glibc gives free memory back, 4 MB of an idle daemon.
 */
import { realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { nameMatcher } from "../../../protocol/environment.js";
import { STATE_DIR } from "../../cli/liveopsd/manager.js";

type Env = Record<string, string | undefined>;

/** What the unit runs. All paths are absolute. */
export interface UnitSpec {
  /** Node and its flags. */
  node: string[];
  /** Path of `liveopsd`. */
  script: string;
  /** The options of `start`, beside those of every unit. */
  options: string[];
  env: Record<string, string>;
  stateDir: string;
}

export function unitText({ node, script, options, env, stateDir }: UnitSpec): string {
  const words = [...node, script, "start", "--foreground", ...options];
  if (!isExecutable(words[0]!)) words.unshift("/usr/bin/env");
  const [program = "", ...others] = words;
  // With the colon, systemd replaces no `$NAME` in the words.
  const command = [unitWord(`:${program}`), ...others.map(unitWord)].join(" ");
  const environment = Object.entries(env).map(
    ([name, value]) => `Environment=${unitWord(`${name}=${value}`)}\n`,
  );
  return `# Written by liveops install, which replaces this file.
# Settings of your own belong in a drop-in: systemctl --user edit with the name of this unit.
${STATE_DIR}${JSON.stringify(stateDir)}

[Unit]
Description=liveops daemon
Documentation=man:liveopsd(1)
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=${command}
${environment.join("")}KillMode=process
Delegate=yes
DelegateSubgroup=daemon
WatchdogSec=30
Restart=on-failure
RestartSec=2
RestartSteps=10
RestartMaxDelaySec=60
RestartPreventExitStatus=2
TasksMax=infinity
OOMPolicy=continue

[Install]
WantedBy=default.target
`;
}

/**
 * systemd refuses quotes, backslashes and control characters in the path of a program, however they
 * are escaped.
 */
function isExecutable(path: string): boolean {
  return !/["'\\]|\p{Cc}/u.test(path);
}

const PLAIN = /^[\w@+=:,./-]+$/;

/**
 * A word of `ExecStart=` or `Environment=`: quoted, with C escapes, and `%` is no specifier
 * (systemd.syntax(7)).
 */
export function unitWord(word: string): string {
  const text = word.replaceAll("%", "%%");
  if (PLAIN.test(text)) return text;
  return `"${text.replace(/[\\"]|\p{Cc}/gu, escaped)}"`;
}

function escaped(character: string): string {
  if (character === "\\" || character === '"') return `\\${character}`;
  return [...Buffer.from(character)]
    .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`)
    .join("");
}

/**
 * Variables of the shell that runs `install` which the unit gets: places of liveops, and what every
 * program needs. systemd has the others of the base itself.
 */
const UNIT_VARIABLES = [
  "PATH",
  "LANG",
  "LC_*",
  "TZ",
  "NODE_EXTRA_CA_CERTS",
  "LIVEOPS_CONFIG",
  "LIVEOPS_DEBUG",
  "LIVEOPS_OPS",
  "LIVEOPS_SOCKET",
  "LIVEOPS_STATE_DIR",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
];

export function unitVariables(env: Env, node: string): Record<string, string> {
  const isForUnit = nameMatcher(UNIT_VARIABLES);
  const path = env.PATH && !OF_NVM.test(node) ? withoutNvm(env.PATH) : env.PATH;
  const entries = Object.entries({ ...env, PATH: path }).filter(
    ([name, value]) => isForUnit(name) && value,
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1))) as Record<string, string>;
}

/** nvm removes such a directory with its version of Node. */
const OF_NVM = /\/\.?nvm\/versions\//;

function withoutNvm(path: string): string {
  return path
    .split(delimiter)
    .filter((dir) => !OF_NVM.test(dir))
    .join(delimiter);
}

/**
 * The path by which a unit starts this Node: that on the `PATH`, if it leads to the same program.
 * An upgrade of Node often replaces the directory with the version in its name.
 */
export function nodeProgram(env: Env, execPath = process.execPath): string {
  const real = realOrNull(execPath);
  for (const dir of (env.PATH ?? "").split(delimiter)) {
    const file = join(dir, "node");
    if (dir.startsWith("/") && real !== null && realOrNull(file) === real) return file;
  }
  return execPath;
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}
