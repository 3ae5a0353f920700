/**
 * The schedules of the daemon: they submit operations at the times of a cron expression.
 *
 * A run is submitted with an idempotency key made of its time, and its time is recorded afterwards:
 * a run that a crash cuts off in between is the same operation when it is submitted again.
 */
import { Refusal } from "../../../protocol/errors.js";
import type { Operation } from "../../../protocol/operation.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import { isFinal } from "../../../protocol/state.js";
import { minute } from "../../../protocol/text/minute.js";
import { nearest } from "../../../protocol/text/nearest.js";
import type { Draft } from "../../admission/steps.js";
import type { Bus } from "../../bus.js";
import type { Log } from "../../log/log.js";
import { quarantineFile } from "../../store/quarantine.js";
import type { FileSettingOptions, Setting } from "../../store/setting.js";
import type { Archive } from "../../store/store.js";
import { cronProblem } from "./cron.js";
import { type Missing, missingOf } from "./missing.js";
import { CATCHUPS, dueRuns, keyOf, nextDue, type Schedule } from "./schedule.js";
import { withText } from "./scheduled-file.js";

/**
 * Longest time until the clock is read again, in ms: it may have been set, or the machine may have
 * slept.
 */
const LONGEST_LOOK_MS = 20_000;

/** Most schedules, and most bytes of the file. */
const MOST = 1000;
const MOST_BYTES = 64 * 1024 * 1024;

interface SchedulesOptions {
  bus: Bus;
  saved: Setting<readonly Schedule[]>;
  log: Log;
  archive: Pick<Archive, "find" | "byKey">;
  /** Submits an operation, once for each key. Returns its id. */
  submit(draft: Draft, key: string): Promise<string>;
  /** Why the schedules stop at a reboot; null: they go on. */
  rebootProblem(): string | null;
  now?: () => Date;
}

/** What a person sets of a schedule. */
export type ScheduleSettings = Pick<Schedule, "cron" | "zone" | "catchup" | "submit" | "file">;

export class Schedules {
  #schedules!: ReadonlyMap<string, Schedule>;
  #timer: NodeJS.Timeout | null = null;
  #looking: Promise<void> | null = null;
  #isStarted = false;
  #isStopped = false;
  readonly #now: () => Date;
  /** What is wrong with the runs, by name. */
  readonly #missing = new Map<string, Missing>();

  constructor(private readonly options: SchedulesOptions) {
    this.#now = options.now ?? (() => new Date());
    this.#take();
    options.bus.on("decided", (changes, { kind }, isOwn) => {
      if (kind !== "finished" || !isOwn) return;
      for (const { after } of changes)
        if (after?.state === "succeeded") void this.#succeeded(after);
    });
    options.saved.onChange(() => {
      this.#take();
      if (this.#isStarted) this.#arm();
    });
  }

  /** Makes up for missed runs as each schedule says, then submits each run at its time. */
  start(): void {
    this.#isStarted = true;
    void this.look();
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  list(): ScheduleReply[] {
    return [...this.#schedules.values()].map((each) => this.#describe(each));
  }

  show(name: string): ScheduleReply {
    return this.#describe(this.#get(name));
  }

  /** @throws Refusal where the name is used, or the expression or the zone is not valid */
  async add(name: string, settings: ScheduleSettings): Promise<ScheduleReply> {
    const now = this.#now();
    const problem = cronProblem(settings.cron, settings.zone, now);
    if (problem !== null) throw new Refusal("LIVEOPS_BAD_REQUEST", problem);
    if (!this.#schedules.has(name) && this.#schedules.size >= MOST)
      throw new Refusal(
        "LIVEOPS_QUEUE_FULL",
        `there are ${MOST} schedules already; remove one first`,
      );
    const createdAt = now.toISOString();
    const fresh = { createdAt, lastDueAt: createdAt, lastOperation: null, missed: 0 };
    await this.#save(name, (current) => {
      if (current !== undefined) throw isUsed(name);
      return { name, ...settings, ...fresh, lastProblem: null };
    });
    return this.show(name);
  }

  async remove(name: string): Promise<ScheduleReply> {
    const last = this.show(name);
    await this.options.saved.update((all) => all.filter((each) => each.name !== name));
    return last;
  }

  /** Submits a run now, whatever the time. Returns the id of the operation. */
  async run(name: string, key: string | null): Promise<string> {
    const schedule = this.#get(name);
    const now = this.#now();
    const id = await this.#submitDraft(
      schedule,
      await draftOf(schedule),
      key ?? `schedule ${name} run ${now.getTime()}`,
    );
    await this.#save(
      name,
      (current) => current && { ...current, lastOperation: id, lastProblem: null, gap: null },
    );
    await this.#judge(name);
    return id;
  }

  /** Submits what is due. Resolves when that is done. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
      this.#arm();
    });
    return this.#looking;
  }

  /** The end of a chain that a schedule began. */
  async #succeeded(operation: Operation): Promise<void> {
    const { chain, finishedAt } = operation;
    if (chain.next !== null || this.#schedules.size === 0) return;
    try {
      const first =
        chain.index === 0 ? operation : (await this.options.archive.find(chain.id))?.record;
      const { schedule: name } = first ?? {};
      if (name == null || !this.#schedules.has(name)) return;
      await this.#save(
        name,
        (current) => current && { ...current, lastSuccessAt: finishedAt, withoutSuccess: 0 },
      );
      await this.#judge(name);
    } catch (error) {
      this.options.log.error(
        { err: error, id: operation.id },
        "the success of a schedule could not be recorded",
      );
    }
  }

  /** Judges whether runs are missing, and tells it once. */
  async #judge(name: string): Promise<void> {
    const schedule = this.#schedules.get(name);
    if (schedule === undefined) return;
    const { lastOperation } = schedule;
    const last =
      lastOperation === null ? null : ((await this.options.archive.find(lastOperation)) ?? null);
    const missing = missingOf(schedule, last?.record ?? null, this.#now());
    if (missing === null) this.#missing.delete(name);
    else this.#missing.set(name, missing);
    const told = missing && `${missing.kind} ${missing.since}`;
    if (told === (schedule.told ?? null)) return;
    let isNews = false;
    await this.#save(name, (current) => {
      // In a fleet, another host may have told it.
      isNews = current !== undefined && (current.told ?? null) !== told;
      return current && { ...current, told };
    });
    if (missing === null || !isNews) return;
    this.options.log.warn({ schedule: name }, missing.text);
    this.options.bus.emit("missed", {
      schedule: name,
      op: schedule.submit.op,
      reason: missing.text,
      next: ["liveops schedule", ...missing.next],
    });
  }

  async #look(): Promise<void> {
    for (const name of [...this.#schedules.keys()]) {
      const schedule = this.#schedules.get(name);
      if (schedule === undefined || this.#isStopped) continue;
      try {
        await this.#lookAt(schedule);
        if (!this.#isStopped) await this.#judge(name);
      } catch (error) {
        this.options.log.error({ err: error, schedule: name }, "a schedule could not be looked at");
      }
    }
  }

  async #lookAt(schedule: Schedule): Promise<void> {
    const now = this.#now();
    if (schedule.lastDueAt > now.toISOString())
      return this.#setBack(schedule.name, now.toISOString());
    const due = dueRuns(schedule, now);
    if (due === null) return;
    let { lastOperation } = schedule;
    let lastProblem: string | null = null;
    let isMadeUp = false;
    for (const run of due.runs) {
      const result = await this.#submit({ ...schedule, lastOperation }, run);
      if (this.#isStopped) return;
      lastOperation = result.id ?? lastOperation;
      lastProblem = result.problem;
      if (run.toISOString() === due.gap?.to) isMadeUp = result.problem === null;
    }
    const gap = due.gap && { ...due.gap, isMadeUp };
    const lastDueAt = due.last.toISOString();
    await this.#save(schedule.name, (current) => {
      // Removed, or made anew, while its run was submitted; or another host has recorded the run.
      if (current?.createdAt !== schedule.createdAt || current.lastDueAt >= lastDueAt)
        return current;
      const missed = current.missed + due.missed;
      // One that is made up for beside another has not had its time yet.
      const withoutSuccess = (current.withoutSuccess ?? 0) + Math.min(1, due.runs.length);
      return { ...current, lastDueAt, lastOperation, lastProblem, missed, gap, withoutSuccess };
    });
  }

  /**
   * The clock was ahead and is set right, or was set back: the schedule continues with the next
   * time from now. A time that comes again has its key already, and is not repeated.
   */
  #setBack(name: string, now: string): Promise<void> {
    return this.#save(
      name,
      (current) =>
        current && { ...current, lastDueAt: current.lastDueAt > now ? now : current.lastDueAt },
    );
  }

  /** Submits one run, unless the operation of the run before is live. */
  async #submit(
    schedule: Schedule,
    due: Date,
  ): Promise<{ id: string | null; problem: string | null }> {
    const key = keyOf(schedule, due);
    const known = await this.options.archive.byKey(key);
    if (known !== null) return { id: known.entry === null ? null : known.id, problem: null };
    const live = await this.#live(schedule.lastOperation);
    const at = minute(due.toISOString(), schedule.zone);
    if (live !== null)
      return {
        id: null,
        problem: `skipped the run of ${at}: ${live} of the run before is not finished`,
      };
    try {
      return { id: await this.#submitDraft(schedule, await draftOf(schedule), key), problem: null };
    } catch (error) {
      // Another host of the fleet has submitted it, with the text that the file has there.
      const isSubmitted = error instanceof Refusal && error.code === "LIVEOPS_KEY_REUSED";
      if (schedule.file !== undefined && isSubmitted) return { id: null, problem: null };
      const { message } = error as Error;
      this.options.log.warn(
        { err: error, schedule: schedule.name },
        "a run could not be submitted",
      );
      return { id: null, problem: `the run of ${at} could not be submitted: ${message}` };
    }
  }

  async #submitDraft({ file }: Schedule, draft: Draft, key: string): Promise<string> {
    try {
      return await this.options.submit(draft, key);
    } catch (error) {
      if (file === undefined || !(error instanceof Refusal)) throw error;
      // What follows are the parameters of the type, which nobody gave.
      const [problem = ""] = error.message.split("\nParameters:");
      throw new Refusal(error.code, problem, error.extra, error);
    }
  }

  /** The live operation of the chain; null: the chain is finished. */
  async #live(id: string | null): Promise<string | null> {
    for (let next = id; next !== null; ) {
      const record: Operation | undefined = (await this.options.archive.find(next))?.record;
      if (!record) return null;
      if (!isFinal(record.state)) return record.id;
      next = record.chain.next;
    }
    return null;
  }

  #arm(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#isStopped || this.#schedules.size === 0) return;
    const now = this.#now();
    let wait = LONGEST_LOOK_MS;
    for (const schedule of this.#schedules.values()) {
      const next = nextDue(schedule, now);
      if (next !== null) wait = Math.min(wait, Math.max(0, next.getTime() - now.getTime()));
    }
    this.#timer = setTimeout(() => void this.look(), wait);
  }

  #describe(schedule: Schedule): ScheduleReply {
    const { submit, file = null, gap: _, told: __, withoutSuccess: ___, ...rest } = schedule;
    const { lastSuccessAt = null } = schedule;
    const { env = {}, ...operation } = submit;
    return {
      ...rest,
      lastSuccessAt,
      missing: this.#missingOf(schedule.name),
      file,
      operation,
      env: Object.keys(env).sort(),
      nextAt: nextDue(schedule, this.#now())?.toISOString() ?? null,
      rebootProblem: this.options.rebootProblem(),
    };
  }

  #missingOf(name: string): ScheduleReply["missing"] {
    const { next: _, ...missing } = this.#missing.get(name) ?? { next: [] };
    return "kind" in missing ? missing : null;
  }

  /** @throws Refusal where there is no such schedule */
  #get(name: string): Schedule {
    const schedule = this.#schedules.get(name);
    if (schedule) return schedule;
    const names = [...this.#schedules.keys()];
    throw new Refusal(
      "LIVEOPS_NO_SUCH_SCHEDULE",
      `there is no schedule ${JSON.stringify(name)}; ${names.length === 0 ? "there are none" : `schedules: ${names.slice(0, 20).join(", ")}`}`,
      { nearest: nearest(name, names) },
    );
  }

  /** Changes one schedule; undefined: there is none. */
  #save(
    name: string,
    change: (current: Schedule | undefined) => Schedule | undefined,
  ): Promise<void> {
    return this.options.saved.update((all) => {
      const after = change(all.find((each) => each.name === name));
      const isThere = all.some((each) => each.name === name);
      if (after === undefined) return all;
      return isThere ? all.map((each) => (each.name === name ? after : each)) : [...all, after];
    });
  }

  #take(): void {
    this.#schedules = new Map(this.options.saved.value.map((each) => [each.name, each]));
  }
}

function isUsed(name: string): Refusal {
  return new Refusal(
    "LIVEOPS_WRONG_STATE",
    `there is a schedule ${name} already; remove it first: liveops schedule rm ${name}`,
  );
}

/** @throws Refusal where the pipeline file of the schedule cannot be read */
async function draftOf({ name, submit, file }: Schedule): Promise<Draft> {
  return { ...(file === undefined ? submit : await withText(submit, file)), schedule: name };
}

/** The schedules as a file keeps them. What cannot be read is set aside and reported. */
export function schedulesFile(
  file: string,
  onProblem: (problem: string) => void,
): FileSettingOptions<readonly Schedule[]> {
  return {
    file,
    mostBytes: MOST_BYTES,
    initial: [],
    parse: (json) => {
      const { schedules } = json as { schedules: unknown[] };
      const whole = parseSchedules(schedules);
      if (whole.length < schedules.length)
        onProblem(
          `${schedules.length - whole.length} schedules cannot be read and have no runs; they are kept in ${quarantineFile(file)}`,
        );
      return whole;
    },
    format: (schedules) => ({ schedules }),
    onUnreadable: (message) =>
      onProblem(
        `the schedules cannot be read (${message}) and have no runs; they are kept in ${quarantineFile(file)}`,
      ),
    name: "the schedule",
  };
}

/** Leaves out what is not valid. */
export function parseSchedules(schedules: readonly unknown[]): Schedule[] {
  return schedules.filter(isSchedule);
}

function isSchedule(value: unknown): value is Schedule {
  if (typeof value !== "object" || value === null) return false;
  const { name, cron, zone, catchup, submit, createdAt, lastDueAt, missed } = value as Schedule;
  return (
    [name, cron, zone].every((text) => typeof text === "string") &&
    [createdAt, lastDueAt].every((text) => Number.isFinite(Date.parse(text))) &&
    Number.isFinite(missed) &&
    missed >= 0 &&
    CATCHUPS.includes(catchup) &&
    typeof submit?.op === "string" &&
    cronProblem(cron, zone, new Date()) === null
  );
}
