/**
 * Checks the events of an attempt before they move: what is damaged is kept beside the file, as the
 * file goes.
 *
 * The worker numbers the events of an attempt from 1 without a gap, and the record of the operation
 * tells where they end.
 */
import { closeSync } from "node:fs";
import { RecordCheck, seqOfRecord } from "../../protocol/record-line.js";
import { openOwnFile, readAt } from "../../protocol/system/own-file.js";
import { quarantineBytes } from "../store/quarantine.js";
import { addDamaged, type DamagedRange, damageProblem } from "../store/read-lines.js";
import { type EventsPlace, EventsReader } from "./events-reader.js";

/** Bytes of a file read at a time. */
const PIECE = 1024 * 1024;

/**
 * Reads the events, and puts aside what is damaged.
 *
 * @param end - number of the last event by the record of the operation; undefined: not known
 * @param onLine - called for each whole line
 * @returns what is wrong, in words
 */
export function checkEvents(
  place: EventsPlace,
  end: number | undefined,
  onLine: (line: string) => void = () => {},
): string[] {
  const { id, attempt, file } = place;
  const check = new RecordCheck(0);
  const damaged: DamagedRange[] = [];
  let last = "";
  const reader = new EventsReader(place);
  const look = (line: string) => {
    if (check.look(line)) {
      last = line;
      onLine(line);
    } else addDamaged(damaged, reader.lineStart, reader.offset);
  };
  try {
    while (reader.read(look, PIECE));
  } finally {
    reader.close();
  }
  const where = `${file}: the events of ${id}, attempt ${attempt}`;
  return [
    ...(damaged.length > 0 ? [damageProblem(file, damaged, keepRanges(file, damaged))] : []),
    ...check.gaps.map((gap) => `${where}: ${gap}`),
    ...cutShort(where, seqOfRecord(last) ?? 0, end),
  ];
}

/** In words, if the events end before the end of the attempt. @param end - see `checkEvents` */
function cutShort(where: string, last: number, end = 0): string[] {
  return last < end
    ? [
        `${where}, were cut short: the last record is number ${last}, and the attempt ended with ${end}`,
      ]
    : [];
}

/** Copies the bytes to a file beside it; returns the path. */
export function keepRanges(file: string, damaged: readonly DamagedRange[]): string {
  const fd = openOwnFile(file);
  try {
    return quarantineBytes(
      file,
      Buffer.concat(damaged.map(({ start, end }) => readAt(fd, start, end))),
    );
  } finally {
    closeSync(fd);
  }
}
