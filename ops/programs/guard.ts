/**
 * Ends the groups of programs when this process is killed. Node can only create a group as a new
 * session, so the end of the worker's session does not end the group. A shell does: it waits on a
 * pipe from this process, and kills the groups when the pipe breaks.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

const SCRIPT = `
groups=" "
while read -r what group file; do
  case $what in
    started) groups="$groups$group " ;;
    file) eval "file_$group=\\$file" ;;
    over)
      groups="\${groups%% $group *} \${groups#* $group }"
      unset "file_$group" ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
for group in $groups; do
  eval "file=\\\${file_$group-}"
  [ -z "$file" ] || rm -f "$file"
done`;

class Guard {
  /** Null: none has started, or it was killed. */
  #shell: ChildProcess | null = null;
  /** A file by group: it is removed with the group. */
  readonly #groups = new Map<number, string | null>();

  /** A program that starts while a pty is open inherits the pty: call it before. */
  ready(): void {
    if (this.#shell === null) this.#start();
  }

  /** Call it in the turn in which the group starts: then the group is never without a guard. */
  started(group: number): void {
    this.#groups.set(group, null);
    if (this.#shell === null) this.#start();
    else this.#tell(`started ${group}`);
  }

  /** Also removes this file when this process is killed before the group is over. */
  removeIfKilled(group: number, file: string): void {
    this.#groups.set(group, file);
    this.#tell(`file ${group} ${file}`);
  }

  /** Processes that the group left running on purpose continue. */
  over(group: number): void {
    if (this.#groups.delete(group)) this.#tell(`over ${group}`);
  }

  #start(): void {
    const shell = spawn("/bin/sh", ["-c", SCRIPT, "guard"], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      cwd: "/",
      // It outlives an attempt, whose variables may hold secrets.
      env: { PATH: "/usr/bin:/bin" },
    });
    const ended = () => {
      if (this.#shell === shell) this.#shell = null;
    };
    // Without a guard, the programs still run, but they survive a killed worker.
    shell.on("error", ended).on("exit", ended);
    shell.stdin.on("error", () => {});
    shell.unref();
    (shell.stdin as Socket).unref();
    this.#shell = shell;
    for (const [group, file] of this.#groups) {
      this.#tell(`started ${group}`);
      if (file !== null) this.#tell(`file ${group} ${file}`);
    }
  }

  #tell(line: string): void {
    this.#shell?.stdin?.write(`${line}\n`);
  }
}

/**
 * One for all groups of this process: starting a shell for each takes as long as starting the
 * program.
 */
export const guard = new Guard();
