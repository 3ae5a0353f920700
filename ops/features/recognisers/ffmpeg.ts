/**
 * ffmpeg: `-progress` and the line of statistics, over the duration that ffmpeg prints for its
 * inputs.
 */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";
import { secondsOf } from "./program.js";

const DURATION = /^ {2}Duration: (\d+:\d\d:\d\d(?:\.\d+)?), /;
const KEYS =
  /^(frame|fps|stream_\d+_\d+_\w+|bitrate|total_size|out_time(?:_us|_ms)?|dup_frames|drop_frames|speed|progress)=(.{0,40})$/;
const STATISTICS = /^(?:frame= *\d+ |L?size= ).{0,120}\btime=(-?\d+:\d\d:\d\d(?:\.\d+)?|N\/A) /;

/** The longest input gives the total; options that cut the output are not known. */
class Duration {
  #total = 0;

  /** Null until the text of an input came. */
  get total(): number | null {
    return this.#total > 0 ? this.#total : null;
  }

  read(text: string): void {
    const match = text.startsWith("  Duration: ") ? DURATION.exec(text) : null;
    if (match !== null) this.#total = Math.max(this.#total, secondsOf(match[1]!));
  }
}

function reading(done: number, total: number | null): Reading {
  const seconds = Math.round(done * 10) / 10;
  return {
    label: "time",
    done: total === null ? seconds : Math.min(seconds, total),
    total,
    unit: "s",
    isOnlyProgress: true,
  };
}

export class FfmpegProgress implements Recogniser {
  readonly name = "ffmpeg -progress";
  readonly #duration = new Duration();
  #done = 0;

  read(text: string): Reading | null {
    this.#duration.read(text);
    if (!text.includes("=")) return null;
    const match = KEYS.exec(text);
    if (match === null) return null;
    const [, key = "", value = ""] = match;
    const { total } = this.#duration;
    if (key === "out_time_us" && /^\d+$/.test(value)) {
      this.#done = Number(value) / 1e6;
      return reading(this.#done, total);
    }
    if (key === "progress") {
      if (value === "end") return reading(total ?? this.#done, total);
      return value === "continue" ? { isOnlyProgress: true } : null;
    }
    return isValueOf(key, value) ? { isOnlyProgress: true } : null;
  }
}

/** Other programs print lines of the form `key=value` too. */
function isValueOf(key: string, value: string): boolean {
  const text = value.trim();
  if (text === "N/A") return true;
  if (key === "bitrate") return text.endsWith("bits/s");
  if (key === "speed") return /^[\d.e+-]+x$/.test(text);
  return /^-?[\d.:]+$/.test(text);
}

export class FfmpegStatistics implements Recogniser {
  readonly name = "ffmpeg";
  readonly #duration = new Duration();

  read(text: string): Reading | null {
    this.#duration.read(text);
    const match = text.includes(" bitrate=") ? STATISTICS.exec(text) : null;
    if (match === null) return null;
    const time = match[1]!;
    const { total } = this.#duration;
    // The last line has the final size, and stays in the log.
    if (text.includes("Lsize="))
      return { ...reading(total ?? timeOf(time), total), isOnlyProgress: false };
    return time === "N/A" ? { isOnlyProgress: true } : reading(timeOf(time), total);
  }
}

function timeOf(text: string): number {
  return /^\d/.test(text) ? secondsOf(text) : 0;
}
