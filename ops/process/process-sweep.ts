/**
 * The process sweep: finds and kills every process that one process started. Used for a worker by the daemon and for
 * an operation by `liveops run`.
 *
 * A process belongs to the sweep by any of four signs: its parent belongs, the leader of its session or process group
 * belongs, the mark is in its environment, or an earlier look recorded it. A process can drop each sign: `setsid`
 * leaves the session, `env -i` drops the mark, the end of its parent cuts the ancestry. So looks are taken while the
 * ancestors live, and what they saw is kept.
 *
 * What no look can find: a process that drops the mark, leaves the session and loses its parent between two looks.
 * Only a cgroup holds that one.
 */
import { setTimeout as delay } from "node:timers/promises";
import { childrenOf, hasMark, lastPid, newestPids, type ProcessStat, processStat } from "./proc.js";

/** A process, by the two values that name it for one boot. */
export interface ProcessName {
  pid: number;
  /** Clock ticks after boot. */
  startTime: number;
}

export interface SweepReport {
  /** How many processes were killed. */
  killed: number;
  /** Pids that still live: the system keeps them (uninterruptible), or they belong to another user. */
  left: number[];
}

/** Longest time of one kill, in ms. */
const KILL_MS = 3000;
/** Between two rounds while killed processes are still ending, in ms. */
const PAUSE_MS = 5;
/** Rounds in one turn of the event loop. */
const ROUNDS_A_TURN = 4;
/** Rounds without a find that end a kill; the second number counts once a process got away from a round. */
const QUIET_ROUNDS = { resting: 2, moving: 12 };
/** Looks at the newest processes alone after a round without a find: they take no time, so that few can outrun them. */
const GLANCES = 10;
const GLANCED_PIDS = 24;
/** Recorded processes at most. The oldest are forgotten. */
const MAX_RECORDED = 10_000;

export class ProcessSweep {
  /** Start time by pid: what belongs, living or ended. An ended one still names the session and group that it led. */
  readonly #recorded = new Map<number, number>();
  /** Those of them that lived at the last look. */
  readonly #living = new Set<number>();
  /** Those that lead a process group. */
  readonly #groups = new Set<number>();

  /**
   * @param mark `NAME=value`, in the environment of no process that must live
   * @param root where the ancestry begins; null: the mark alone tells
   */
  constructor(
    private readonly mark: string,
    private readonly root: ProcessName | null,
  ) {
    const stat = root && processStat(root.pid);
    if (root) this.#record(stat?.startTime === root.startTime ? stat : root);
  }

  /** Records all that belongs now. Reads the whole of /proc. */
  lookEverywhere(): void {
    this.#find(new Set([process.pid]), () => {});
  }

  /** Records the children of what is known. Reads only their own entries in /proc, so it may run often. */
  look(): void {
    const seen = new Set<number>();
    const queue = [...this.#living];
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      const stat = processStat(pid);
      if (stat === null || stat.startTime !== (this.#recorded.get(pid) ?? stat.startTime)) {
        this.#living.delete(pid);
        continue;
      }
      this.#record(stat);
      queue.push(...childrenOf(pid));
    }
    this.#forgetOldest();
  }

  /**
   * Kills all that belongs, in rounds until a round finds nothing. Each process is stopped when it is found, so that
   * it starts no other one, and killed when all are stopped. Process groups are signalled whole: a fork inside a group
   * cannot escape that.
   *
   * @param spare a pid that is left alone
   */
  async kill(spare?: number): Promise<SweepReport> {
    const kept = new Set([process.pid, process.ppid, 0, 1, ...(spare === undefined ? [] : [spare])]);
    const deadline = performance.now() + KILL_MS;
    const killed = new Set<number>();
    const stop = (stat: ProcessStat) => this.#signal(stat, "SIGSTOP", kept);
    // One that has ended may have started others: they are looked for longer.
    const isMoving = [...this.#recorded].some(
      ([pid, startTime]) => pid !== this.root?.pid && processStat(pid)?.startTime !== startTime,
    );
    let quietRounds = isMoving ? QUIET_ROUNDS.moving : QUIET_ROUNDS.resting;
    let quiet = 0;
    let left: number[] = [];
    for (let round = 1; performance.now() < deadline; round++) {
      if (round % ROUNDS_A_TURN === 0) await delay(0);
      this.#stopGroups(kept, spare);
      let found = this.#find(kept, stop);
      for (let glance = 0; found.length === 0 && glance < GLANCES; glance++) {
        const last = lastPid();
        const newest = Array.from({ length: GLANCED_PIDS }, (_, n) => last - n);
        found = this.#find(kept, stop, newest);
      }
      left = found.map(({ pid }) => pid);
      const isFresh = left.some((pid) => !killed.has(pid));
      // Before the kill once more: a process that was not yet stopped may have started one meanwhile.
      const all = isFresh ? [...found, ...this.#find(kept, stop)] : found;
      for (const stat of all) {
        if (!killed.has(stat.pid) && processStat(stat.pid) === null) quietRounds = QUIET_ROUNDS.moving;
        this.#signal(stat, "SIGKILL", kept);
        killed.add(stat.pid);
      }
      if (spare !== undefined) send(spare, "SIGCONT");
      if (found.length > 0) quiet = 0;
      else if (++quiet >= quietRounds) break;
      if (found.length > 0 && !isFresh) await delay(PAUSE_MS);
    }
    return { killed: killed.size, left };
  }

  /**
   * Stops the groups that recorded processes lead, each in one step: a process that forks on and on inside a group
   * cannot escape that. The one to be spared is stopped with its group, and goes on after the round.
   */
  #stopGroups(kept: ReadonlySet<number>, spare: number | undefined): void {
    for (const group of this.#groups)
      if ((group === spare || !kept.has(group)) && this.#isOurs(group)) send(-group, "SIGSTOP");
  }

  /** Living processes that belong; `onFind` hears of each as soon as it is found. */
  #find(
    kept: ReadonlySet<number>,
    onFind: (stat: ProcessStat) => void,
    // A process that forks on and on has the newest pid.
    candidates: readonly number[] = newestPids(),
  ): ProcessStat[] {
    const found = new Map<number, ProcessStat>();
    const others: ProcessStat[] = [];
    const add = (stat: ProcessStat) => {
      this.#record(stat);
      onFind(stat);
      found.set(stat.pid, stat);
    };
    for (const pid of candidates) {
      if (kept.has(pid)) continue;
      const stat = processStat(pid);
      if (stat === null || stat.state === "Z" || stat.state === "X") continue;
      // What is older than the root was not started by it.
      if (this.root && stat.startTime < this.root.startTime) continue;
      if (this.#belongs(stat) || hasMark(pid, this.mark)) add(stat);
      else others.push(stat);
    }
    // A parent may have been found after its child.
    for (let before = -1; before !== found.size; ) {
      before = found.size;
      for (const stat of others) if (!found.has(stat.pid) && this.#belongs(stat)) add(stat);
    }
    this.#forgetOldest();
    return [...found.values()];
  }

  #belongs({ pid, parent, group, session, startTime }: ProcessStat): boolean {
    if (this.#recorded.get(pid) === startTime) return true;
    return [parent, session, group].some((id) => id !== pid && this.#isOurs(id));
  }

  /**
   * Whether the pid is that of a recorded process. The number of a living session or group is given to no new process,
   * so a recorded one that has ended still names those that it led.
   */
  #isOurs(pid: number): boolean {
    const startTime = this.#recorded.get(pid);
    if (startTime === undefined) return false;
    const now = processStat(pid);
    return now === null || now.startTime === startTime;
  }

  #record(stat: ProcessName & Partial<ProcessStat>): void {
    this.#recorded.set(stat.pid, stat.startTime);
    this.#living.add(stat.pid);
    if (stat.group === stat.pid) this.#groups.add(stat.pid);
  }

  #forgetOldest(): void {
    for (const pid of this.#recorded.keys()) {
      if (this.#recorded.size <= MAX_RECORDED) return;
      if (pid === this.root?.pid) continue;
      this.#recorded.delete(pid);
      this.#living.delete(pid);
      this.#groups.delete(pid);
    }
  }

  /** Signals the process, and its whole group where the group is ours and holds none of the kept processes. */
  #signal({ pid, group }: ProcessStat, signal: "SIGSTOP" | "SIGKILL", kept: ReadonlySet<number>): void {
    send(!kept.has(group) && this.#isOurs(group) ? -group : pid, signal);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, or belongs to another user.
  }
}
