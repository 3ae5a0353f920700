/** A writer whose attempt has a file of events in its directory, as on a host of a fleet. */
import { mkdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { eventsFile } from "../../daemon/run-files/attempt-files.js";
import type { EventsPlace } from "../../daemon/run-files/events-reader.js";
import { RunWriter } from "../../daemon/worker/run-writer.js";
import { AppendFile } from "../../protocol/system/append-file.js";

/** Where the events of the attempt with this directory are. */
export function placeIn(attemptDir: string): EventsPlace {
  const attempt = Number(basename(attemptDir));
  return { id: basename(dirname(attemptDir)), attempt, file: eventsFile(attemptDir), from: 0 };
}

export class FileWriter extends RunWriter {
  readonly #file: AppendFile;

  /** @param maxLog - bytes. Default: no bound */
  constructor(
    dir: string,
    seq = 0,
    lines = 0,
    maxLog = Number.POSITIVE_INFINITY,
    isResumable = false,
  ) {
    mkdirSync(dir, { recursive: true });
    const { id, attempt, file } = placeIn(dir);
    const events = new AppendFile(file, { reserve: 16 * 1024 });
    super({ events, dir, id, attempt, seq, lines, maxLog, isResumable });
    this.#file = events;
  }

  override close(): void {
    super.close();
    this.#file.close();
  }
}
