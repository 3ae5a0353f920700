/**
 * Reduces what the tail of an attempt's run files reads into the record of the attempt's operation.
 *
 * The files are those of an attempt of this daemon (`attempt.ts`), or pieces of an attempt that another host runs.
 */
import { OUTCOME_FIELDS, type Outcome, type WorkerEvent } from "../../protocol/event.js";
import { pick } from "../../protocol/objects.js";
import { RecordBuilder } from "../../protocol/reduce.js";
import type { Bus } from "../bus.js";
import { eventsFile } from "../run-files/attempt-files.js";
import {
  type AttemptFiles,
  type AttemptListener,
  AttemptTail,
  type StoredLine,
} from "../run-files/attempt-tail.js";
import type { Entry } from "../store/decision.js";

interface RecordTailOptions {
  bus: Bus;
  /** The attempt runs on this host. */
  isOwn: boolean;
  /** Default: those in the directory. */
  files?: AttemptFiles;
  /** An event was read. Called before the event is in the record. */
  onEvent(event: WorkerEvent): void;
  /** A line was read. A line that occurs twice is passed twice. */
  onLine(line: StoredLine): void;
  /** The first outcome was read. The lines before it may not be in the record yet. */
  onOutcome(outcome: Outcome): void;
  /** Some run files are damaged or cannot be read. */
  onDamage(message: string): void;
  /** A line of the events is damaged. */
  onDamagedEvent(): void;
}

/**
 * From this many stages on, copying and sending their complete maps takes noticeable time. Between two reads the files
 * then rest 1 ms for each `STAGES_A_MS` stages, at most `LONGEST_REST_MS`. With so many stages the delay is invisible.
 */
const MANY_STAGES = 200;
const STAGES_A_MS = 20;
const LONGEST_REST_MS = 200;

export class RecordTail {
  /** Number of the last event or line read. */
  seq: number;
  outcome: Outcome | null = null;
  readonly #tail: AttemptTail;

  /** @param dir - directory of the attempt */
  constructor(
    readonly entry: Entry,
    dir: string,
    private readonly options: RecordTailOptions,
  ) {
    this.seq = entry.record.seq;
    const listener: AttemptListener = {
      onEvents: (events) => this.#events(events),
      onLines: (lines) => this.#lines(lines),
      onDamage: (file, line) => {
        if (file === eventsFile(dir)) options.onDamagedEvent();
        options.onDamage(`${file}: a line could not be read: ${line.slice(0, 200)}`);
      },
      onUnreadable: ({ message }) => options.onDamage(`run files cannot be read: ${message}`),
    };
    this.#tail = new AttemptTail(dir, listener, options.files);
  }

  /** @param delay - ms until the first read */
  start(delay: number): void {
    this.#tail.start(delay);
  }

  /** Reads both files to their end. Errors are kept in `unreadable`. */
  read(): void {
    this.#tail.read();
  }

  /** Why each file could not be read at the last read. */
  get unreadable(): Readonly<Record<"events" | "log", Error | null>> {
    return this.#tail.unreadable;
  }

  close(): void {
    this.#tail.close();
  }

  /** Returns how long the files may be left alone, in ms. */
  #events(events: WorkerEvent[]): number {
    const { entry, options } = this;
    const before = entry.record;
    const builder = new RecordBuilder(before);
    let outcome: Outcome | null = null;
    for (const event of events) {
      if (event.seq > this.seq) this.seq = event.seq;
      options.onEvent(event);
      options.bus.emit("event", entry, event, options.isOwn);
      if (event.type === "attempt:finished") {
        outcome = pick(event, OUTCOME_FIELDS);
      }
      builder.add(event);
    }
    entry.record = builder.record;
    if (entry.record !== before) options.bus.emit("record", entry, before);
    if (outcome && !this.outcome) {
      this.outcome = outcome;
      options.onOutcome(outcome);
    }
    const { stages, stageStates } = entry.record;
    if (stages.length < MANY_STAGES || stageStates === before.stageStates) return 0;
    return Math.min(stages.length / STAGES_A_MS, LONGEST_REST_MS);
  }

  #lines(lines: StoredLine[]): void {
    const { entry, options } = this;
    const before = entry.record;
    const builder = new RecordBuilder(before);
    for (const line of lines) {
      if (line.seq > this.seq) this.seq = line.seq;
      options.onLine(line);
      builder.addLine(line);
    }
    entry.record = builder.record;
    if (entry.record === before) return;
    // After a restart some lines are read again; a line that occurs twice counts once.
    let last = before.logLines;
    const isNew = ({ n }: StoredLine) => {
      if (n <= last) return false;
      last = n;
      return true;
    };
    options.bus.emit("lines", entry, lines.filter(isNew), options.isOwn);
    options.bus.emit("record", entry, before);
  }
}
