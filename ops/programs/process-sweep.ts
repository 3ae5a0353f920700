/**
 * The process sweep: finds and kills all descendants of a process. The daemon uses it for a worker,
 * `liveops run` for an operation.
 *
 * A process belongs to the sweep by any of four criteria: its parent belongs, the leader of its
 * session or process group belongs, the mark is in its environment, or an earlier scan recorded it.
 * A process can escape each criterion: `setsid` leaves the session, `env -i` drops the mark, the
 * end of its parent cuts the ancestry. So scans run while the ancestors live, and record the
 * processes that they find.
 *
 * No scan finds a process that drops the mark, leaves the session and loses its parent between two
 * scans. Only a cgroup contains such processes.
 */
import { setTimeout as delay } from "node:timers/promises";
import {
  childrenOf,
  environmentOf,
  isThread,
  lastPid,
  newestPids,
  type ProcessStat,
  processStat,
  send,
} from "./proc.js";

/** The two values that identify a process during one boot. */
export interface ProcessName {
  pid: number;
  /** Clock ticks after boot. */
  startTime: number;
}

export interface SweepReport {
  /** Number of killed processes. */
  killed: number;
  /** Pids that are still alive: in an uninterruptible state, or of another user. */
  left: number[];
}

/** Most rounds of `stop`: a fork bomb is not waited for. */
const STOP_ROUNDS = 20;
/** Longest time of one kill, in ms. */
const KILL_MS = 3000;
/** Pause between two rounds while killed processes end, in ms. */
const PAUSE_MS = 5;
/** Rounds in one turn of the event loop. */
const ROUNDS_A_TURN = 4;
/** Rounds without a find that end a kill: `moving` applies after a process escaped a round. */
const QUIET_ROUNDS = { resting: 2, moving: 12 };
/**
 * Scans of only the newest processes after a round without a find; fast, so that few processes can
 * escape them.
 */
const GLANCES = 10;
const GLANCED_PIDS = 24;
/** Maximum number of recorded processes; the oldest are dropped. */
const MAX_RECORDED = 10_000;

export class ProcessSweep {
  /**
   * Start time by pid of all found processes. An ended process still identifies the session and
   * group that it led.
   */
  readonly #recorded = new Map<number, number>();
  /** Recorded processes that were alive at the last scan. */
  readonly #living = new Set<number>();
  /** Recorded processes that lead a process group. */
  readonly #groups = new Set<number>();

  /**
   * @param mark `NAME=value`; must not be in the environment of a process that must survive
   * @param root the ancestor of all processes of the sweep; null: find processes by the mark only
   */
  constructor(
    private readonly mark: string,
    private readonly root: ProcessName | null,
  ) {
    const stat = root && processStat(root.pid);
    if (root) this.#record(stat?.startTime === root.startTime ? stat : root);
  }

  /**
   * Stops all processes that belong (SIGSTOP), in rounds until a round finds no other: a process
   * may fork meanwhile.
   */
  stop(): void {
    const stopped = new Set<number>();
    for (let round = 0, isNew = true; isNew && round < STOP_ROUNDS; round++) {
      isNew = false;
      for (const { pid } of this.#find(new Set([process.pid]), (stat) =>
        send(stat.pid, "SIGSTOP"),
      )) {
        if (stopped.has(pid)) continue;
        stopped.add(pid);
        isNew = true;
      }
    }
  }

  /** Continues all processes that belong (SIGCONT). */
  continue(): void {
    this.#find(new Set([process.pid]), (stat) => send(stat.pid, "SIGCONT"));
  }

  /** Records all processes that belong. Reads all of /proc. */
  lookEverywhere(): void {
    this.#find(new Set([process.pid]), () => {});
  }

  /** Recorded processes that were alive at the last scan. */
  get living(): readonly number[] {
    return [...this.#living];
  }

  /**
   * Records the children of recorded processes. Cheap, because it reads only their entries in
   * /proc.
   */
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
   * Kills the recorded processes and their descendants without a wait: no full scan, and no look at
   * how they end. Never signals this process or its group.
   */
  killRecorded(): void {
    for (let round = 0, before = -1; before !== this.#living.size && round < STOP_ROUNDS; round++) {
      this.look();
      before = this.#living.size;
      this.#signalRecorded("SIGSTOP");
      // A process may have forked before it was stopped.
      this.look();
    }
    this.#signalRecorded("SIGKILL");
  }

  #signalRecorded(signal: "SIGSTOP" | "SIGKILL"): void {
    const kept = new Set([process.pid, process.ppid, 0, 1]);
    for (const group of this.#groups)
      if (!kept.has(group) && this.#isOurs(group)) send(-group, signal);
    for (const pid of this.#living) if (!kept.has(pid)) send(pid, signal);
  }

  /**
   * Kills all processes that belong, in rounds until a round finds none. Each process is stopped
   * when it is found, so that it cannot fork, and killed when all are stopped. Signals go to
   * complete process groups, because a fork inside a group cannot escape them.
   *
   * @param spare pid of a process that is not killed
   */
  async kill(spare?: number): Promise<SweepReport> {
    const kept = new Set([
      process.pid,
      process.ppid,
      0,
      1,
      ...(spare === undefined ? [] : [spare]),
    ]);
    const deadline = performance.now() + KILL_MS;
    const killed = new Set<number>();
    const stop = (stat: ProcessStat) => this.#signal(stat, "SIGSTOP", kept);
    // A process that has ended may have started others, so the search takes longer.
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
        if (last === 0) break;
        const newest = Array.from({ length: GLANCED_PIDS }, (_, n) => last - n);
        found = this.#find(kept, stop, newest);
      }
      left = found.map(({ pid }) => pid);
      const isFresh = left.some((pid) => !killed.has(pid));
      // Scan again before the kill: a process may have forked before it was stopped.
      const all = isFresh ? [...found, ...this.#find(kept, stop)] : found;
      for (const stat of all) {
        if (!killed.has(stat.pid) && processStat(stat.pid) === null)
          quietRounds = QUIET_ROUNDS.moving;
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
   * Stops the groups that recorded processes lead, each with one signal, which a fork bomb inside a
   * group cannot escape. The spared process is stopped with its group, and continues after the
   * round.
   */
  #stopGroups(kept: ReadonlySet<number>, spare: number | undefined): void {
    for (const group of this.#groups)
      if ((group === spare || !kept.has(group)) && this.#isOurs(group)) send(-group, "SIGSTOP");
  }

  /** Finds living processes that belong; calls `onFind` for each at once. */
  #find(
    kept: ReadonlySet<number>,
    onFind: (stat: ProcessStat) => void,
    // Newest first, because a process that forks repeatedly has the newest pid.
    candidates: readonly number[] = newestPids(),
  ): ProcessStat[] {
    const found = new Map<number, ProcessStat>();
    const others: ProcessStat[] = [];
    const add = (stat: ProcessStat) => {
      // The newest numbers are also of threads. A signal to a thread reaches its process, which may
      // be kept.
      if (isThread(stat.pid)) return;
      this.#record(stat);
      onFind(stat);
      found.set(stat.pid, stat);
    };
    for (const pid of candidates) {
      if (kept.has(pid)) continue;
      const stat = processStat(pid);
      if (stat === null || stat.state === "Z" || stat.state === "X") continue;
      // A process older than the root is not its descendant.
      if (this.root && stat.startTime < this.root.startTime) continue;
      if (this.#belongs(stat) || environmentOf(pid).includes(this.mark)) add(stat);
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
   * Whether the pid is that of a recorded process. The system does not reuse the number of a living
   * session or group, so a recorded process that has ended still identifies those that it led.
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

  /**
   * Signals the process; or its complete group, if the group belongs to the sweep and is not in
   * `kept`.
   */
  #signal(
    { pid, group }: ProcessStat,
    signal: "SIGSTOP" | "SIGKILL",
    kept: ReadonlySet<number>,
  ): void {
    send(!kept.has(group) && this.#isOurs(group) ? -group : pid, signal);
  }
}
