/** The systemd unit of the daemon, as text. docs/operating.md has the reason of each setting. Pure. */
import { commandOf, type ServiceSpec, withOrigin } from "./service-file.js";

export function unitText(spec: ServiceSpec): string {
  const given = commandOf(spec);
  const [program = "", ...words] = isExecutable(given[0]!) ? given : ["/usr/bin/env", ...given];
  // With the colon, systemd replaces no `$NAME` in the words.
  const command = [unitWord(`:${program}`), ...words.map(unitWord)].join(" ");
  const environment = Object.entries(spec.env).map(
    ([name, value]) => `Environment=${unitWord(`${name}=${value}`)}\n`,
  );
  return withOrigin(
    `# Written by liveopsd install, which replaces this file as long as nobody changes it.
# Settings of your own belong in a drop-in: systemctl --user edit with the name of this unit.
{origin}
[Unit]
Description=liveops daemon
Documentation=https://github.com/liveops/liveops#readme
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
ExecStart=${command}
ExecReload=/bin/kill -HUP $MAINPID
Environment=MALLOC_MMAP_THRESHOLD_=65536
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
`,
    spec,
  );
}

/** systemd refuses quotes, backslashes and control characters in the path of a program, however they are escaped. */
function isExecutable(path: string): boolean {
  return !/["'\\]|\p{Cc}/u.test(path);
}

const PLAIN = /^[\w@+=:,./-]+$/;

/** A word of `ExecStart=` or `Environment=`: quoted, with C escapes, and `%` is no specifier (systemd.syntax(7)). */
export function unitWord(word: string): string {
  const text = word.replaceAll("%", "%%");
  if (PLAIN.test(text)) return text;
  return `"${text.replace(/[\\"]|\p{Cc}/gu, escaped)}"`;
}

function escaped(character: string): string {
  if (character === "\\" || character === '"') return `\\${character}`;
  return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
