/**
 * The guard of a run: a shell that reads a pipe which only the supervisor holds open. When the
 * supervisor dies, the pipe closes. The guard then waits for the operation's grace period, and
 * kills the operation and its processes.
 *
 * A thread in the operation's process would add ten milliseconds to its start and end; the shell
 * starts in parallel. The guard leads its own session, so that Ctrl-C does not end it.
 */
import { spawn } from "node:child_process";

interface Guard {
  /** Seconds that the operation may take to stop. */
  setGracePeriod(seconds: number): void;
  /** Ends the guard: the operation is finished, or the supervisor handles its end. */
  dismiss(): void;
}

/**
 * A short form of the process sweep: records the operation's processes while the operation runs,
 * stops them before it kills them, and searches again.
 *
 * $1: pid of the operation's process. $2: NAME=value, the mark in the environment of all processes
 * to kill. $3: the supervisor's temporary directory. Without /proc only $1 is killed, where its
 * start time is unchanged.
 */
const SCRIPT = `
age() { ps -o lstart= -p "$1" 2>/dev/null; }
marked() { tr '\\0' '\\n' 2>/dev/null <"$1/environ" | grep -qxF "$2"; }
start() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
tree() {
  for child in $(cat /proc/$1/task/*/children 2>/dev/null); do
    echo "$child:$(start "$child")"
    tree "$child"
  done
}
look() { known="$known $(tree "$1")"; }
found() {
  for each in $known; do
    [ "$(start "\${each%:*}")" = "\${each#*:}" ] && echo "\${each%:*}" && tree "\${each%:*}" | cut -d: -f1
  done
  for process in /proc/[0-9]*; do
    marked "$process" "$mark" && echo "\${process#/proc/}"
  done
}
[ -r /proc/self/environ ] || began=$(age "$1")
mark=$2
known=
grace=10
while read -r seconds; do grace=$seconds; done
while [ "$grace" -ge 0 ] && kill -0 "$1" 2>/dev/null; do
  look "$1"
  sleep 1
  grace=$((grace - 1))
done
if [ -r /proc/self/environ ]; then
  look "$1"
  for round in 1 2 3 4 5; do
    left=$(found)
    [ -n "$left" ] || break
    kill -STOP $left 2>/dev/null
    kill -KILL $left $(found) 2>/dev/null
  done
elif [ "$began" = "$(age "$1")" ]; then
  kill -KILL "$1" 2>/dev/null
fi
rm -rf "$3"
`;

export function startGuard(pid: number, mark: string, dir: string): Guard {
  const guard = spawn("/bin/sh", ["-c", SCRIPT, "liveops-guard", `${pid}`, mark, dir], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
  });
  // Without a guard the operation still runs, but can outlive a killed supervisor.
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  return {
    setGracePeriod: (seconds) => void guard.stdin.write(`${Math.ceil(seconds)}\n`),
    dismiss: () => {
      // Before the pipe closes, which would start the kill.
      guard.kill("SIGKILL");
      guard.stdin.destroy();
    },
  };
}
