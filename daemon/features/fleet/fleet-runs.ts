/**
 * The run files of a fleet: this host's attempts are shipped, those of other hosts are read from
 * the engine and reduced into their records.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import type { Outcome } from "../../../protocol/event.js";
import { isFinal } from "../../../protocol/state.js";
import type { Bus } from "../../bus.js";
import type { EngineParts } from "../../engine.js";
import { eventsFile } from "../../run-files/attempt-files.js";
import { type EventsPlace, EventsReader } from "../../run-files/events-reader.js";
import type { RunFiles, Runs } from "../../run-files/runs.js";
import type { WorkerEvents } from "../../run-files/worker-events.js";
import type { Outbox, SentAttempt } from "../../scheduler/outbox.js";
import { RecordTail } from "../../scheduler/record-tail.js";
import type { Entry } from "../../store/decision.js";
import { attemptDir } from "../../store/layout.js";
import { EngineAwayError } from "./engine/errors.js";
import type { FleetEngine } from "./engine/fleet-engine.js";
import type { FencedPiece } from "./engine/rows.js";
import { isOfOtherHost } from "./runs/other-host.js";
import type { WantedRun } from "./runs/pieces.js";
import type { RemoteFiles } from "./runs/remote-files.js";
import { RemoteRuns } from "./runs/remote-runs.js";
import { Shipper } from "./runs/shipper.js";
import { lastFence } from "./store/fold.js";

interface FleetRunsOptions {
  engine: FleetEngine;
  services: EngineParts;
  /** The events of the attempts of this host, while their operations are in memory. */
  workerEvents: WorkerEvents;
  find(id: string): Entry | null;
  /** Entries of running operations. */
  running(): Iterable<Entry>;
  runsHere(entry: Entry): boolean;
  /** The engine has given the attempt to another host. */
  onFenced(id: string): void;
  /** Whether the engine is known not to answer. */
  isAway(): boolean;
}

export class FleetRuns implements Runs {
  readonly outbox: Outbox;
  readonly #shipper: Shipper;
  readonly #elsewhere: RemoteRuns;
  /** Attempts of other hosts, by id of the operation. */
  readonly #remote = new Map<string, { attempt: number; tail: RecordTail }>();
  readonly #unsubscribe: () => void;

  constructor(private readonly options: FleetRunsOptions) {
    const { engine, services, workerEvents, find } = options;
    const { logger } = services.log;
    const { maxLog } = services.settings;
    this.#shipper = new Shipper({
      store: engine,
      maxLog,
      onFenced: (id, attempt) => {
        options.onFenced(id);
        // The decision that ends the attempt comes later, and then finds no attempt here.
        this.takeAside(id, attempt);
      },
      onProblem: (error) =>
        logger.warn({ err: error }, "run files are not shipped now; they are tried again"),
    });
    this.#elsewhere = new RemoteRuns({
      store: engine,
      maxLog,
      runs: services.layout.runs,
      own: workerEvents,
      isFinished: (id) => {
        const entry = find(id);
        return entry === null || isFinal(entry.record.state);
      },
      isHere: (id, attempt) => {
        if (workerEvents.get(id, attempt) !== null) return true;
        // The start is applied, and its answer is on the way to the place of the events.
        const entry = find(id);
        return (
          entry?.record.state === "running" &&
          entry.record.attempt === attempt &&
          options.runsHere(entry)
        );
      },
      onRecords: (id, attempt) => {
        const remote = this.#remoteOf(id);
        if (remote?.attempt === attempt) remote.tail.read();
      },
      onProblem: (error) =>
        logger.warn({ err: error }, "run files of other hosts cannot be read now"),
    });
    this.#unsubscribe = engine.onHint((hint) => {
      if ("ids" in hint) this.#elsewhere.hint(hint.ids);
    });
    services.bus.on("record", ({ record }) => this.#shipper.hint(record.id));
    // The engine has them.
    services.bus.on("forgotten", (id) => workerEvents.release(id));
    this.outbox = {
      follow: (attempt) => this.#follow(attempt),
      flush: ({ id, number }) => this.#shipper.end(id, number),
      release: ({ id, number }) => this.#shipper.release(id, number),
    };
  }

  /** Follows the running operations of other hosts while somebody watches. */
  begin(): void {
    const { services } = this.options;
    this.#elsewhere.follow(() => (services.hub.watchers > 0 ? this.#runningElsewhere() : []));
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#shipper.stop();
    await this.#elsewhere.stop();
    for (const { tail } of this.#remote.values()) tail.close();
  }

  /**
   * The last lines of an attempt of this host that ends: the decision has them, and they were not
   * shipped.
   */
  lastPieces(id: string): readonly FencedPiece[] {
    return this.#shipper.lastPieces(id);
  }

  /** The engine did not take the last lines of an attempt. */
  linesRefused(id: string, isFenced: boolean): void {
    this.#shipper.refused(id, isFenced);
  }

  async bring(ids: readonly string[]): Promise<void> {
    const wanted = ids.flatMap((id) => this.#wanted(id) ?? []);
    if (wanted.length === 0 || this.options.isAway()) return;
    await this.#elsewhere.bring(wanted).catch((error: unknown) => {
      if (!(error instanceof EngineAwayError)) throw error;
    });
    for (const { id } of wanted) this.#remoteOf(id)?.tail.read();
  }

  of(id: string): RunFiles {
    return this.#elsewhere.of(id);
  }

  /** Brings what an attempt of this host needs of the attempts before it. */
  async prepare({ record: { id, attempt } }: Entry): Promise<void> {
    this.#drop(id);
    await this.#elsewhere.bringForRun(id, attempt);
  }

  /** The files of a running attempt of another host, read to their end. @throws EngineAwayError */
  async read(entry: Entry): Promise<{ outcome: Outcome | null; seq: number }> {
    const { id, attempt } = entry.record;
    await this.#elsewhere.bring([{ id, attempt }]);
    const tail = this.#remoteOf(id)?.tail;
    tail?.read();
    return { outcome: tail?.outcome ?? null, seq: tail?.seq ?? entry.record.seq };
  }

  /**
   * Ships what the engine may have lost of this host's run files.
   *
   * @param entries of which some ended on this host
   */
  shipAgain(entries: readonly Entry[]): void {
    this.#shipper.openAgain();
    const ship = async (entry: Entry) => {
      const { id, attempt, state } = entry.record;
      const fence = lastFence(entry);
      const events = this.options.workerEvents.get(id, attempt);
      if (!isFinal(state) || fence === null || events === null) return;
      const dir = attemptDir(this.options.services.layout, id, attempt);
      this.#shipper.follow({ id, attempt, dir, events, fence, isNew: false });
      await this.#shipper.flush(id, attempt);
      this.#shipper.release(id, attempt);
    };
    // Each waits for the engine; a stop ends all.
    for (const entry of entries) ship(entry).catch(() => {});
  }

  /** The attempt ended, or belongs to another host now. */
  ended(id: string): void {
    this.#drop(id);
  }

  /**
   * Another host took over an attempt of this one: what the engine has of it counts. The files get
   * a directory that no reader of run files looks at.
   *
   * @throws the system error
   */
  takeAside(id: string, attempt: number): void {
    const { services, workerEvents } = this.options;
    const place = workerEvents.get(id, attempt);
    if (place === null) return;
    const dir = attemptDir(services.layout, id, attempt);
    const events = textOf(place);
    const hasDirectory = existsSync(dir) && !isOfOtherHost(dir);
    if (hasDirectory || events !== "") {
      let n = 1;
      while (existsSync(`${dir}.fenced-${n}`)) n++;
      const aside = `${dir}.fenced-${n}`;
      if (hasDirectory) renameSync(dir, aside);
      else mkdirSync(aside, { recursive: true, mode: 0o700 });
      writeFileSync(eventsFile(aside), events, { mode: 0o600 });
      services.log.logger.warn({ id, attempt, dir: aside }, "run files were set aside");
    }
    workerEvents.drop(place);
  }

  forget(id: string): void {
    this.#drop(id);
    this.options.workerEvents.release(id);
    this.#elsewhere.forget(id);
  }

  #follow({ id, number, dir, events, entry, worker }: SentAttempt): void {
    this.#drop(id);
    const { fence } = entry.run!.claim!;
    this.#shipper.follow({ id, attempt: number, dir, events, fence, isNew: worker !== null });
  }

  #drop(id: string): void {
    this.#remote.get(id)?.tail.close();
    this.#remote.delete(id);
  }

  /** The last attempt of which other hosts may have files; null: none. */
  #wanted(id: string): WantedRun | null {
    const entry = this.options.find(id);
    if (entry === null || entry.record.attempt === 0) return null;
    const { state, attempt } = entry.record;
    const isHere = state === "running" && this.options.runsHere(entry);
    const last = isHere ? attempt - 1 : attempt;
    return last > 0 ? { id, attempt: last } : null;
  }

  *#runningElsewhere(): Generator<WantedRun> {
    for (const entry of this.options.running()) {
      const { id, attempt } = entry.record;
      if (!this.options.runsHere(entry)) yield { id, attempt };
    }
  }

  #remoteOf(id: string): { attempt: number; tail: RecordTail } | null {
    const { find, runsHere, services } = this.options;
    const entry = find(id);
    if (entry?.record.state !== "running" || runsHere(entry)) return null;
    const { attempt } = entry.record;
    const known = this.#remote.get(id);
    if (known?.tail.entry === entry && known.attempt === attempt) return known;
    known?.tail.close();
    const dir = attemptDir(services.layout, id, attempt);
    const files = this.#elsewhere.files(id, attempt);
    const onDamage = (message: string) => services.log.logger.warn({ id, attempt }, message);
    const remote = { attempt, tail: remoteTail(entry, dir, files, services.bus, onDamage) };
    this.#remote.set(id, remote);
    return remote;
  }
}

/**
 * The events so far, as the worker wrote them. @throws the system error if the file cannot be read
 */
function textOf(place: EventsPlace): string {
  const reader = new EventsReader(place);
  let text = "";
  const take = (line: string) => {
    text += `${line}\n`;
  };
  try {
    while (reader.read(take));
  } finally {
    reader.close();
  }
  return text;
}

/**
 * Reduces the events of an attempt that another host runs into its record.
 *
 * @param dir names the attempt in messages
 * @param onDamage some run files are damaged
 */
export function remoteTail(
  entry: Entry,
  dir: string,
  files: RemoteFiles,
  bus: Bus,
  onDamage: (message: string) => void,
): RecordTail {
  return new RecordTail(entry, dir, {
    bus,
    isOwn: false,
    isLogRead: () => true,
    files: { events: files.reader("events"), log: files.reader("log") },
    // As in an attempt of this host: each event means that the worker accepted the operation.
    onEvent: () => {
      if (entry.run) entry.run.accepted = true;
    },
    // The host that runs the attempt records the outcome.
    onDamage,
  });
}
