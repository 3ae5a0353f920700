/**
 * The writer of a worker: numbers the events and lines of an attempt in one sequence. It appends
 * the events to the worker's file, which holds one attempt after the other, and the lines to the
 * attempt's log.
 *
 * One sync makes a group of events durable: the end of a stage waits for the event that follows it,
 * such as the begin of the next stage. The begin and the end of a step wait too. A record that
 * comes in between, or a moment in which nothing follows, ends the wait.
 *
 * On a full disk, progress and log lines are dropped and counted, and the count is reported once
 * there is space. A durable event waits for space: the block it announces must not start before the
 * event is on disk. A durable event is visible only when it is on disk.
 */

import { AttemptWriter } from "../../ops/attempt/writer.js";
import type { EventBody } from "../../protocol/event.js";
import type { LogLine, LogStream } from "../../protocol/operation.js";
import { encodeRecord } from "../../protocol/record-line.js";
import type { AppendFile } from "../../protocol/system/append-file.js";
import { sharedTime } from "../os/shared-clock.js";
import { isDiskFull } from "../store/durable-file.js";
import { LogWriter } from "./log-writer.js";
import {
  type RetryWhileDiskFull,
  retryWhileDiskFull as waitForRoom,
} from "./retry-while-disk-full.js";

/**
 * Bytes of a line with the large value of a stage: it is in the events where files do not reach the
 * next attempt.
 */
const LARGE_LINE = 32 * 1024;

/**
 * How long a kind of progress pauses after it was recorded, by the used part of the events' bound.
 * So an operation of many hours still shows its progress.
 */
const RESTS = [
  { above: 0.75, restMs: 10_000 },
  { above: 0.5, restMs: 1000 },
];

type StageEvent = Extract<EventBody, { type: "stage:entered" | "stage:left" }>;

function isStageEvent(body: EventBody): body is StageEvent {
  return body.type === "stage:entered" || body.type === "stage:left";
}

type StepEvent = Extract<EventBody, { type: "step:entered" | "step:finished" }>;

function isStepEvent(body: EventBody): body is StepEvent {
  return body.type === "step:entered" || body.type === "step:finished";
}

/** Of a value that waits: the kind, and the step. */
function keyOf(type: string, step: string | undefined): string {
  return step === undefined ? type : `${type} ${step}`;
}

export interface RunWriterParts {
  /** Where the events go. The file stays open: other attempts follow in it. */
  events: AppendFile;
  /** Directory of the attempt, for its log. Created with the first line. */
  dir: string;
  id: string;
  attempt: number;
  /** Number of the last event or line of the operation. */
  seq: number;
  /** Number of its last line. */
  lines: number;
  /**
   * Bytes of the newest log lines to keep; the files take up to two parts more. The events may take
   * as much, apart from stages and outcome.
   */
  maxLog: number;
  /**
   * Whether the end of a stage must be durable before the code after the stage runs. Default:
   * false.
   */
  isResumable?: boolean;
  /** Default: waits for room, without a sign of it. */
  retryWhileFull?: RetryWhileDiskFull;
}

/** Longest wait of the end of a stage, and of events of steps, for the next event, in ms. */
const GROUP_MS = 5;

export class RunWriter extends AttemptWriter {
  /** Called before each record is written; null: the attempt needs no lease. */
  checkLease: (() => void) | null = null;
  readonly #events: AppendFile;
  readonly #log: LogWriter;
  readonly #maxLog: number;
  readonly #retryWhileFull: RetryWhileDiskFull;
  private readonly id: string;
  private readonly attempt: number;
  /** Bytes of the events file before the attempt. */
  readonly #begin: number;
  readonly #isResumable: boolean;
  #seq: number;
  /** Number of the last event in the file, among those of the attempt: a missing one is seen. */
  #n = 0;
  /**
   * Events that are not written yet, and when they will be: the end of a stage, or events of steps.
   */
  #group: { lines: string; timer: NodeJS.Timeout } | null = null;
  /**
   * Drops that are not yet reported, as an event and in the log: one file may have space before the
   * other.
   */
  #dropped = { event: 0, line: 0 };
  /**
   * Bytes of large stage values, finished items and steps in the events, which do not count towards
   * their bound.
   */
  #values = 0;
  /** Events that were dropped because the events file had reached its bound. */
  #unrecorded = 0;
  /**
   * The last progress and status that wait, and when each kind was recorded last, by the monotonic
   * clock in ms.
   */
  readonly #held = new Map<string, EventBody>();
  readonly #recordedAt = new Map<string, number>();
  /** The untracked stage that the recorded events show as running. */
  #shown: string | null = null;
  /**
   * The last event of an untracked stage that was dropped on a full disk; recorded once there is
   * space.
   */
  #lostStage: StageEvent | null = null;

  constructor({
    events,
    dir,
    id,
    attempt,
    seq,
    lines,
    maxLog,
    isResumable = false,
    retryWhileFull = waitForRoom,
  }: RunWriterParts) {
    super();
    this.#events = events;
    this.#begin = events.length;
    this.#log = new LogWriter(dir, attempt, lines, maxLog, () => events.touch());
    this.id = id;
    this.attempt = attempt;
    this.#seq = seq;
    this.#maxLog = maxLog;
    this.#isResumable = isResumable;
    this.#retryWhileFull = retryWhileFull;
  }

  protected append(body: EventBody, durable: boolean): void {
    if (isStepEvent(body)) {
      this.#appendStep(body, durable);
      return;
    }
    if (!durable) {
      // Progress that waits is of the stage before, and must not be recorded as that of the stage
      // after.
      if (isStageEvent(body)) this.#held.delete("progress:changed");
      if (!this.#isHeld(body)) this.#record(body);
      return;
    }
    this.#recordHeld();
    const seq = this.#seq + 1;
    if (body.type === "stage:left" && !this.#isResumable) {
      this.#settle();
      this.#addToGroup(this.#lineOf(seq, body));
      this.#count(seq);
    } else {
      const before = this.#events.length;
      this.#appendSynced(() => this.#lineOf(seq, body), seq);
      const length = this.#events.length - before;
      if (body.type === "stage:left" && length > LARGE_LINE) this.#values += length;
    }
    this.#lostStage = null;
    this.#noteShown(body);
  }

  /**
   * Many steps may begin and end at once, so that a sync of each would take longer than the steps.
   */
  #appendStep(body: StepEvent, durable: boolean): void {
    // What waits is older than the end.
    for (const type of ["progress:changed", "status:changed"])
      this.#held.delete(keyOf(type, body.step));
    const line = this.#lineOf(this.#seq + 1, body);
    this.#addToGroup(line);
    this.#count(this.#seq + 1);
    this.#values += Buffer.byteLength(line);
    if (durable) this.#settle();
  }

  #addToGroup(line: string): void {
    if (this.#group !== null) this.#group.lines += line;
    else this.#group = { lines: line, timer: setTimeout(() => this.#settle(), GROUP_MS).unref() };
  }

  /**
   * Makes the line durable, after the events that wait, and then visible. @param seq number of the
   * line
   */
  #appendSynced(line: () => string, seq = this.#seq): void {
    const group = this.#group?.lines ?? "";
    this.#retryWhileFull(() => this.#events.appendSynced(group + line()));
    if (this.#group) clearTimeout(this.#group.timer);
    this.#group = null;
    // A line that is durable keeps its numbers, also where it does not become visible now.
    if (seq !== this.#seq) this.#count(seq);
    // The sync may have taken long. The records are durable: readers take them after the death of
    // their writer.
    this.checkLease?.();
    this.#retryWhileFull(() => this.#events.commit());
  }

  /** Records the events that wait. */
  #settle(): void {
    if (this.#group !== null) this.#appendSynced(() => "");
  }

  protected appendLines(
    stream: LogStream,
    stage: string | null,
    texts: readonly string[],
    step?: string,
    end?: number,
  ): void {
    this.#sayDropped();
    const records = [...this.#log.records(texts)];
    for (const lines of records) {
      // Only the last record may say that all of them were read.
      const readTo = lines === records.at(-1) ? end : undefined;
      this.#orDrop(
        () => this.#writeLines(stream, { stage, step }, lines, readTo),
        null,
        lines.length,
      );
    }
  }

  /** Makes the log durable, then writes the outcome durably. */
  finish(body: EventBody): void {
    this.#recordHeld();
    this.#sayDropped();
    const count = this.#unrecorded;
    if (count > 0) this.#orDrop(() => this.#write({ type: "records:dropped", count }));
    if (!this.#log.isEmpty) {
      this.#retryWhileFull(() => this.#log.sync());
      this.#retryWhileFull(() => this.#log.syncNames());
    }
    this.append(body, true);
  }

  /** Closes the log. */
  close(): void {
    this.#settle();
    this.#log.close();
  }

  get lastSeq(): number {
    return this.#seq;
  }

  get #boundedBytes(): number {
    return this.#events.length - this.#begin - this.#values;
  }

  /**
   * Records an event that is not durable. At the bound of the events file it is dropped and
   * counted, with one note.
   */
  #record(body: EventBody): void {
    this.#sayDropped();
    if (body.type === "items:finished") {
      // A later attempt needs them, so they have a bound of their own.
      const before = this.#events.length;
      this.#orDrop(() => this.#write(body));
      this.#values += this.#events.length - before;
      return;
    }
    if (this.#boundedBytes < this.#maxLog) {
      this.#appendStageOrOther(body);
      return;
    }
    // The last event of an untracked stage: otherwise the record would show the stage as running
    // from now on.
    if (body.type === "stage:left" && this.#shown !== null) {
      const { untrackedStage: _, ...left } = body;
      this.#appendStageOrOther(left);
      return;
    }
    if (this.#unrecorded++ > 0) return;
    const bound = `${Math.round(this.#maxLog / 1024)} KiB`;
    const text = `progress, status and untracked stages are no longer recorded: the events reached their bound of ${bound}`;
    this.#orDrop(() => this.#writeLines("liveops", { stage: null }, [text]));
  }

  #appendStageOrOther(body: EventBody): void {
    this.#orDrop(
      () => {
        this.#write(body);
        this.#noteShown(body);
      },
      isStageEvent(body) ? body : null,
    );
  }

  #noteShown(body: EventBody): void {
    if (body.type === "stage:entered") this.#shown = body.index === null ? body.stage : null;
    if (body.type === "stage:left") this.#shown = body.untrackedStage ?? null;
  }

  /**
   * Whether progress or a status waits: the more space the events take, the fewer of these are
   * recorded.
   */
  #isHeld(body: EventBody): boolean {
    if (body.type !== "progress:changed" && body.type !== "status:changed") return false;
    const part = this.#boundedBytes / this.#maxLog;
    const { restMs } = RESTS.find(({ above }) => part >= above) ?? { restMs: 0 };
    if (restMs === 0) return false;
    const now = performance.now();
    const key = keyOf(body.type, body.step);
    const isEarly = now - (this.#recordedAt.get(key) ?? Number.NEGATIVE_INFINITY) < restMs;
    if (isEarly) this.#held.set(key, body);
    else {
      this.#held.delete(key);
      this.#recordedAt.set(key, now);
    }
    return isEarly;
  }

  /** Records the values that wait, before a record that must come after them. */
  #recordHeld(): void {
    for (const body of this.#held.values()) this.#record(body);
    this.#held.clear();
  }

  #write(body: EventBody): void {
    this.#settle();
    const seq = this.#seq + 1;
    this.#events.append(this.#lineOf(seq, body));
    this.#count(seq);
  }

  /** The event has its numbers for good. */
  #count(seq: number): void {
    this.#seq = seq;
    this.#n++;
  }

  #lineOf(seq: number, body: EventBody): string {
    this.checkLease?.();
    // In this order: readers tell by the first keys which attempt the line belongs to, and parse
    // only their own.
    const { id, attempt } = this;
    return encodeRecord({ n: this.#n + 1, seq, id, at: sharedTime(), attempt, ...body });
  }

  #writeLines(
    stream: LogStream,
    place: Pick<LogLine, "stage" | "step">,
    lines: readonly string[],
    end?: number,
  ): void {
    this.#settle();
    const seq = this.#seq + lines.length;
    this.checkLease?.();
    this.#log.append(seq, stream, place, lines, end);
    this.#seq = seq;
    this.#log.rotateIfLong(seq);
  }

  /** @param count - lines or events that are lost if it is dropped */
  #orDrop(write: () => void, stage: StageEvent | null = null, count = 1): void {
    try {
      write();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      // An event that is recorded later is not counted.
      if (stage !== null && this.#lostStage === null) this.#lostStage = stage;
      else {
        this.#lostStage = stage ?? this.#lostStage;
        this.#dropped.event += count;
        this.#dropped.line += count;
      }
    }
  }

  #sayDropped(): void {
    const { event, line } = this.#dropped;
    const lost = this.#lostStage;
    if (event === 0 && line === 0 && lost === null) return;
    try {
      if (event > 0) this.#write({ type: "records:dropped", count: event });
      this.#dropped.event = 0;
      if (lost !== null) this.#write(lost);
      if (lost !== null) this.#noteShown(lost);
      this.#lostStage = null;
      const text = `${line} log lines or progress records were dropped: the disk was full`;
      if (line > 0) this.#writeLines("liveops", { stage: null }, [text]);
      this.#dropped.line = 0;
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }
}
