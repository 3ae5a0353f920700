/**
 * Makes the `Why` of operations. That of a failure is made once, right after the failure is
 * recorded, and kept in the operation's directory: the machine, the checkout and the logs of
 * earlier runs are as they were then.
 */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { maskerOf } from "../../../ops/secrets/masker.js";
import { isByAnswer } from "../../../protocol/approval.js";
import type { Operation } from "../../../protocol/operation.js";
import { readOwnFile } from "../../../protocol/system/own-file.js";
import { failureLines } from "../../../protocol/text/failure-lines.js";
import { VERSION } from "../../../protocol/version.js";
import type { Machine, Why } from "../../../protocol/why.js";
import type { Bus } from "../../bus.js";
import { isUsers } from "../../loader/operation-files.js";
import type { Log } from "../../log/log.js";
import type { Entry } from "../../store/decision.js";
import { type Layout, runDir } from "../../store/layout.js";
import { bounded, withoutSecrets } from "./bounds.js";
import { type Found, whyFailed } from "./failed.js";
import { commandOf, errorOf } from "./failure.js";
import { machineNow, memoryKills } from "./machine.js";
import { type Present, whyPresent } from "./not-failed.js";
import type { WhyParts } from "./sources.js";
import { RUNTIME, Timeline } from "./timeline.js";

/** Failures that wait for their collection; those after them are collected when somebody asks. */
const WAITING_MOST = 20;
/** Most bytes read from a file. */
const MOST_BYTES = 64 * 1024;

const NOT_KEPT = "why an operation failed could not be kept";
const NOT_FOUND_OUT = "it could not be found out why an operation failed";

interface WhysOptions extends WhyParts {
  bus: Bus;
  layout: Layout;
  log: Log;
}

export class Whys {
  readonly #timeline: Timeline;
  /** By id. */
  readonly #collecting = new Map<string, { found: Promise<Found>; whole: Promise<Why> }>();
  #last: Promise<unknown> = Promise.resolve();
  #keeping: Promise<unknown> = Promise.resolve();
  #memoryKills: number | null = null;
  #isStopped = false;

  constructor(private readonly options: WhysOptions) {
    const { bus, layout, store } = options;
    this.#timeline = new Timeline(layout.why);
    bus.on("decided", (changes, decision, isOwn) => {
      if (!isOwn) return;
      for (const { id, after } of changes) {
        if (decision.kind === "started" && after !== null) this.#started(after);
        const entry = after?.state === "failed" ? store.find(id) : null;
        // The failure is told to its watchers first.
        if (entry) setImmediate(() => this.#failed(entry));
      }
    });
  }

  async start(): Promise<void> {
    const since = new Date(this.options.now()).toISOString();
    this.#timeline.note(RUNTIME, `liveops ${VERSION}, Node ${process.versions.node}`, since);
    this.#memoryKills = await memoryKills();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#keeping;
  }

  /** @param isPartial whether what is known now is enough */
  async of(entry: Entry, present: Present, isPartial: boolean): Promise<Why> {
    const { id, state } = entry.record;
    if (state !== "failed")
      return this.#safe(entry, await whyPresent(entry, present, this.options));
    const collecting = this.#collecting.get(id);
    const collected = isPartial ? collecting?.found.then(({ first }) => first) : collecting?.whole;
    const kept = (await collected?.catch(() => null)) ?? this.#read(entry.record);
    if (kept !== null) return kept;
    const made = await this.#make(entry, null);
    return isPartial ? made.first : made.whole;
  }

  /** The file of a shipped type changes only with liveops. */
  #started({ op, startedAt }: Operation): void {
    const loaded = this.options.loader.loadedFile(op);
    if (loaded !== null && isUsers(loaded.file)) this.#timeline.noteFile(loaded, startedAt!);
  }

  #failed(entry: Entry): void {
    if (this.#isStopped || this.#collecting.size >= WAITING_MOST) return;
    const { id } = entry.record;
    // The machine is measured now, and the rest of several failures one after the other.
    const machine = isByAnswer(entry.record.error) ? null : this.#machine(entry);
    const found = this.#last.then(() => this.#make(entry, machine));
    const whole = found.then(async (parts) => {
      const why = await parts.whole;
      // On a full disk it is made again when somebody asks.
      await this.#keep(why).catch((error) => this.options.log.warn({ err: error, id }, NOT_KEPT));
      return why;
    });
    this.#collecting.set(id, { found, whole });
    this.#last = found.catch(() => {});
    const kept = whole
      .catch((error) => this.options.log.warn({ err: error, id }, NOT_FOUND_OUT))
      .finally(() => this.#collecting.delete(id));
    this.#keeping = Promise.all([this.#keeping, kept]);
  }

  async #machine({ record, env }: Entry): Promise<Machine> {
    const places = [
      record.cwd,
      env.TMPDIR ?? "/tmp",
      this.options.layout.root,
      ...Object.values(record.params).filter(
        (value) => typeof value === "string" && value.startsWith("/"),
      ),
    ] as string[];
    const before = this.#memoryKills;
    this.#memoryKills = await memoryKills();
    const killed = before === null || this.#memoryKills === null ? 0 : this.#memoryKills - before;
    const outOfMemory =
      killed > 0
        ? `the kernel ended ${killed} ${killed === 1 ? "process" : "processes"} of this machine for lack of memory since the last failure`
        : null;
    return machineNow(places, outOfMemory);
  }

  async #make(entry: Entry, measured: Promise<Machine> | null): Promise<Found> {
    const made = whyFailed(entry, this.#timeline, this.options);
    const [{ first, whole }, machine] = await Promise.all([made, measured]);
    const safe = (why: Why) => this.#safe(entry, { ...why, machine });
    const all = whole.then(safe);
    // Nobody may wait for it.
    all.catch(() => {});
    return { first: safe(first), whole: all };
  }

  #safe(entry: Entry, why: Why): Why {
    return bounded(
      withoutSecrets(why, maskerOf(entry.env, this.options.store.secrets.get(entry.record.id))),
    );
  }

  #file(id: string): string {
    return join(runDir(this.options.layout, id), "why.json");
  }

  /** Not synced: after a power cut it is made again, without the machine. */
  async #keep(why: Why): Promise<void> {
    const file = this.#file(why.id);
    const { archive } = this.options.store;
    await mkdir(runDir(this.options.layout, why.id), { recursive: true, mode: 0o700 });
    await writeFile(`${file}.tmp`, JSON.stringify(why), { mode: 0o600 });
    await rename(`${file}.tmp`, file);
    // It may have been removed meanwhile.
    if (!(await archive.find(why.id)))
      await rm(runDir(this.options.layout, why.id), { recursive: true, force: true });
  }

  /** Null: it is not kept, or is that of an earlier attempt. */
  #read({ id, attempt }: Operation): Why | null {
    try {
      const why = JSON.parse(readOwnFile(this.#file(id), MOST_BYTES).toString("utf8")) as Why;
      return why.id === id && why.attempt === attempt && why.state === "failed" ? why : null;
    } catch {
      return null;
    }
  }
}

/**
 * Why it failed, for an action: the lines with which its `Why` begins, and the last line of the
 * program. Not masked.
 */
export function reasonOf(record: Operation): string[] {
  const failure = errorOf(record, [], commandOf(record));
  if (failure === null) return [];
  const lines = failureLines(failure, record.attempt).map(({ text }) => text);
  // The reason may be the last line.
  return [...new Set([...lines, ...failure.lines.slice(-1)])];
}
