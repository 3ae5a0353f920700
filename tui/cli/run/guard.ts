/**
 * The guard of a run: a shell that waits on a pipe which only the supervisor holds. When the pipe breaks, however the
 * supervisor died, it gives the operation its grace period, which a loop that never asks lets pass, and then kills it
 * with all it started.
 *
 * A thread of the operation's own process would cost its start and its end ten milliseconds; this one runs while that
 * process starts. It is the leader of a session of its own, so that Ctrl-C does not end it.
 */
import { spawn } from "node:child_process";

interface Guard {
  /** Seconds the operation may take over its end. */
  setGracePeriod(seconds: number): void;
  /** The operation is over, or the supervisor sees to it. */
  dismiss(): void;
}

/**
 * The process sweep in short: what the operation started is recorded while its process lives, stopped before it is
 * killed, and looked for again.
 *
 * $1: the operation's process, $2: NAME=value, the mark in the environment of all that is to go, $3: the supervisor's
 * temporary directory. Without a /proc the process alone goes, where it is still the one that it was.
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
  // Without a guard the operation still runs; it only may outlive a supervisor that is killed.
  guard.on("error", () => {});
  guard.stdin.on("error", () => {});
  guard.unref();
  return {
    setGracePeriod: (seconds) => void guard.stdin.write(`${Math.ceil(seconds)}\n`),
    dismiss: () => {
      // Before its pipe breaks.
      guard.kill("SIGKILL");
      guard.stdin.destroy();
    },
  };
}
