/**
 * The guard of a run: a shell that waits on a pipe which only the supervisor holds. When the pipe breaks, however the
 * supervisor died, it gives the operation its grace period, which a loop that never asks lets pass, and then kills it
 * with all it started.
 *
 * A thread of the operation's own process would cost its start and its end ten milliseconds; this one runs while that
 * process starts. It is the leader of a session of its own, so that Ctrl-C does not end it.
 */
import { spawn } from "node:child_process";

export interface Guard {
  /** Seconds the operation may take over its end. */
  setGracePeriod(seconds: number): void;
  /** The operation is over, or the supervisor sees to it. */
  dismiss(): void;
}

/**
 * $1: the operation's process, $2: NAME=value, the mark in the environment of all that is to go, $3: the supervisor's
 * temporary directory. Without a /proc the process alone goes, where it is still the one that it was.
 */
const SCRIPT = `
age() { ps -o lstart= -p "$1" 2>/dev/null; }
marked() { tr '\\0' '\\n' 2>/dev/null <"$1/environ" | grep -qxF "$2"; }
[ -r /proc/self/environ ] || began=$(age "$1")
grace=10
while read -r seconds; do grace=$seconds; done
while [ "$grace" -ge 0 ] && kill -0 "$1" 2>/dev/null; do
  sleep 1
  grace=$((grace - 1))
done
if [ -r /proc/self/environ ]; then
  for process in /proc/[0-9]*; do
    marked "$process" "$2" && kill -KILL "\${process#/proc/}" 2>/dev/null
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
