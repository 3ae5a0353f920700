/**
 * Follows both run files of a live attempt, and reduces their records into the record of the
 * attempt's operation, in the order in which the worker wrote them.
 *
 * The files are those of an attempt of this daemon (`attempt.ts`), or pieces of an attempt that
 * another host runs. `fs.watch` is only a hint and may miss the last write. So the scheduler's
 * half-second round and the worker's exit call `read` as well. The events are read first: all lines
 * written before an outcome are then in the log.
 */
import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { OUTCOME_FIELDS, type Outcome, type WorkerEvent } from "../../protocol/event.js";
import { pick } from "../../protocol/objects.js";
import type { LogLine } from "../../protocol/operation.js";
import { parseRecord } from "../../protocol/record-line.js";
import { RecordBuilder, reduceLogLine } from "../../protocol/reduce.js";
import type { Bus } from "../bus.js";
import { LOG_FILE, logFile } from "../run-files/attempt-files.js";
import { AttemptLog } from "../run-files/attempt-log.js";
import { type EventsPlace, EventsReader, type LineReader } from "../run-files/events-reader.js";
import { type LogRecord, linesOf } from "../run-files/log-tail.js";
import { isDirectory, isUnreadable } from "../run-files/unreadable.js";
import type { Entry } from "../store/decision.js";

interface RecordTailOptions {
  bus: Bus;
  /** The attempt runs on this host. */
  isOwn: boolean;
  /** The events in a file, with the log in the directory; or a reader of each. */
  files: EventsPlace | Readonly<Record<"events" | "log", LineReader>>;
  /** An event was read. Called before the event is in the record. */
  onEvent(event: WorkerEvent): void;
  /** Whether somebody reads the log now. */
  isLogRead: () => boolean;
  /** The first outcome was read. The lines before it may not be in the record yet. */
  onOutcome?(outcome: Outcome): void;
  /** Some run files are damaged or cannot be read. */
  onDamage(message: string): void;
  /** A line of the events is damaged. Default: `onDamage`. */
  onDamagedEvent?(): void;
}

/** Bytes read at a time: memory must not grow with a backlog. */
const PIECE = 1024 * 1024;

/**
 * From this many stages on, copying and sending their complete maps takes noticeable time. Between
 * two reads the files then rest 1 ms for each `STAGES_A_MS` stages, at most `LONGEST_REST_MS`. With
 * so many stages the delay is invisible.
 */
const MANY_STAGES = 200;
const STAGES_A_MS = 20;
/** The same for steps that a record lists, whose bars change while they run: 1 ms for each. */
const MANY_STEPS = 50;
const LONGEST_REST_MS = 200;

export class RecordTail {
  /** Number of the last event or line read. */
  seq: number;
  outcome: Outcome | null = null;
  /** Why each file could not be read the last time; null if it could. */
  readonly unreadable: Record<"events" | "log", Error | null> = { events: null, log: null };
  readonly #files: Readonly<Record<"events" | "log", LineReader>>;
  /** By path: the file of the events, and the directory of the log once it is there. */
  readonly #watchers = new Map<string, FSWatcher>();
  #begin: NodeJS.Timeout | null = null;
  #rest: NodeJS.Timeout | null = null;
  #begun = false;
  #scheduled = false;
  #closed = false;
  /** The outcome was read, and then the log to its end: the worker writes nothing more. */
  #isComplete = false;
  /**
   * Which file may have new records. A write after a read that reached the end is announced again.
   */
  #unread = { events: false, log: false };

  /** @param dir - directory of the attempt */
  constructor(
    readonly entry: Entry,
    private readonly dir: string,
    private readonly options: RecordTailOptions,
  ) {
    this.seq = entry.record.seq;
    const { files } = options;
    this.#files =
      "file" in files
        ? { events: new EventsReader(files), log: new AttemptLog(dir, options.isLogRead) }
        : files;
  }

  /**
   * @param delay ms until the first read, for an attempt that has just begun. Most shorter
   *   attempts are read once, when their worker reports that it is idle
   */
  start(delay: number): void {
    const begin = () => {
      this.#begun = true;
      this.read();
    };
    if (delay > 0) this.#begin = setTimeout(begin, delay);
    else begin();
  }

  /** Reads both files to their end. Errors are kept in `unreadable`. */
  read(): void {
    if (this.#isComplete) return;
    if (this.#begun) this.#watch();
    do {
      this.#unread = { events: true, log: true };
    } while (this.#readPiece());
  }

  close(): void {
    this.#closed = true;
    if (this.#begin) clearTimeout(this.#begin);
    if (this.#rest) clearTimeout(this.#rest);
    this.#unwatch();
    this.#files.events.close();
    this.#files.log.close();
  }

  #watch(): void {
    const { events } = this.#files;
    if (this.#rest || this.#closed || !(events instanceof EventsReader)) return;
    const { file } = events.place;
    const isApart = dirname(file) !== this.dir;
    if (isApart)
      this.#watchPath(file, () => {
        this.#unread.events = true;
        // The worker touches the file when it has created the directory of the log.
        if (!this.#watchers.has(this.dir)) this.#watch();
      });
    if (isApart && !(this.options.isLogRead() && existsSync(this.dir))) return;
    this.#unread.log = true;
    this.#watchPath(this.dir, (name) => {
      if (name !== LOG_FILE && !isApart) this.#unread.events = true;
      if (isApart || name !== basename(file)) this.#unread.log = true;
      if (isApart && !this.options.isLogRead()) this.#unwatchLog();
    });
  }

  #watchPath(path: string, onChange: (name: string | null) => void): void {
    if (this.#watchers.has(path)) return;
    try {
      const watcher = watch(path, (_event, name) => {
        onChange(name);
        this.#readSoon();
      });
      this.#watchers.set(path, watcher);
      watcher.on("error", () => this.#unwatch());
    } catch {
      // No watch is left, or the worker has not made the directory yet: the half-second round tries
      // again.
    }
  }

  /** Nobody reads the log any more. */
  #unwatchLog(): void {
    this.#watchers.get(this.dir)?.close();
    this.#watchers.delete(this.dir);
  }

  #unwatch(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /**
   * Reads a piece now and the rest in later turns, so that an operation that floods its log delays
   * no other.
   */
  #readSoon(): void {
    if (this.#scheduled || this.#closed || !this.#readPiece()) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#readSoon();
    });
  }

  /** Returns whether there may be more. */
  #readPiece(): boolean {
    const unread = this.#unread;
    const { events: eventFile } = this.#files;
    if (unread.events) {
      const events: WorkerEvent[] = [];
      const hasRead = this.#readFile("events", events);
      unread.events = hasRead && !(eventFile instanceof EventsReader && eventFile.atEnd);
      if (events.some(({ type }) => type === "attempt:finished")) unread.log = true;
      if (events.length > 0) this.#takeEvents(events);
    }
    if (unread.log) {
      const records: LogRecord[] = [];
      unread.log = this.#readFile("log", records);
      if (records.length > 0) this.#takeLines(records);
    }
    const hasMore = unread.events || unread.log;
    // Pieces from another host may come later.
    this.#isComplete =
      this.outcome !== null && !hasMore && this.unreadable.log === null && this.options.isOwn;
    return hasMore;
  }

  /**
   * Returns whether anything was read. An error of the file system is noted, and must not end the
   * daemon.
   */
  #readFile<T>(name: "events" | "log", into: T[]): boolean {
    const reader = this.#files[name];
    try {
      if (name === "events") this.#checkPlace();
      const hasRead = reader.read((line) => {
        const parsed = parseRecord<T>(line);
        if (parsed === null) this.#damaged(name, line);
        else into.push(parsed);
      }, PIECE);
      this.unreadable[name] = null;
      return hasRead;
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      const isNews = this.unreadable[name]?.message !== error.message;
      this.unreadable[name] = error;
      if (isNews) this.options.onDamage(`run files cannot be read: ${error.message}`);
      return false;
    }
  }

  /**
   * Checks the directories until the first event was read. A link in the place of a directory would
   * hide the events, and an attempt without events counts as never started.
   */
  #checkPlace(): void {
    const { events } = this.#files;
    if (!(events instanceof EventsReader) || !events.isAtStart) return;
    if (dirname(events.place.file) === this.dir && isDirectory(dirname(this.dir)))
      isDirectory(this.dir);
  }

  #damaged(name: "events" | "log", line: string): void {
    const { onDamagedEvent } = this.options;
    if (name === "events" && onDamagedEvent) {
      onDamagedEvent();
      return;
    }
    const { events } = this.#files;
    const eventsFile =
      events instanceof EventsReader ? events.place.file : `the events of ${this.dir}`;
    const file = name === "events" ? eventsFile : logFile(this.dir);
    this.options.onDamage(`${file}: a line could not be read: ${line.slice(0, 200)}`);
  }

  #takeEvents(events: readonly WorkerEvent[]): void {
    const { entry, options } = this;
    const before = entry.record;
    const builder = new RecordBuilder(before);
    let outcome: Outcome | null = null;
    for (const event of events) {
      if (event.seq > this.seq) this.seq = event.seq;
      options.onEvent(event);
      options.bus.emit("event", entry, event, options.isOwn);
      if (event.type === "attempt:finished") outcome = pick(event, OUTCOME_FIELDS);
      builder.add(event);
    }
    entry.record = builder.record;
    if (entry.record !== before) options.bus.emit("record", entry, before);
    if (outcome && !this.outcome) {
      this.outcome = outcome;
      options.onOutcome?.(outcome);
    }
    const { stages, stageStates, steps } = entry.record;
    const listed = steps === before.steps ? 0 : Object.values(steps ?? {}).flat().length;
    if (listed >= MANY_STEPS) this.#restFor(Math.min(listed, LONGEST_REST_MS));
    if (stages.length >= MANY_STAGES && stageStates !== before.stageStates)
      this.#restFor(Math.min(stages.length / STAGES_A_MS, LONGEST_REST_MS));
  }

  /** The files need not be read for so many ms, however much is written. */
  #restFor(ms: number): void {
    if (this.#rest || this.#closed) return;
    // Each watch notification costs the writer time too.
    this.#unwatch();
    this.#rest = setTimeout(() => {
      this.#rest = null;
      this.#watch();
      this.#unread = { events: true, log: true };
      this.#readSoon();
    }, ms);
  }

  #takeLines(records: readonly LogRecord[]): void {
    const { entry, options } = this;
    const before = entry.record;
    for (const record of records) {
      if (record.seq > this.seq) this.seq = record.seq;
      entry.record = reduceLogLine(entry.record, record);
    }
    if (entry.record === before) return;
    // After a restart some lines are read again; a line that occurs twice counts once.
    let last = before.logLines;
    const isNew = ({ n }: LogLine) => {
      if (n <= last) return false;
      last = n;
      return true;
    };
    if (options.isLogRead())
      options.bus.emit("lines", entry, records.flatMap(linesOf).filter(isNew), options.isOwn);
    options.bus.emit("record", entry, before);
  }
}
