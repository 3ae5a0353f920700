/** Programs that pass a stream through: pv, dd, tar, zstd and xz. */
import type { Reading, Recogniser } from "../reading.js";
import { bytesOf, bytesReading, type ProgramRecogniser } from "./program.js";

const PV =
  /^ *(?:([^:]{1,80}): +)?([\d.]+ ?[kKMGTP]?(?:i?B)?) +\d+:\d\d:\d\d(?::\d\d)? \[ *[\d.]+ ?[kKMGTP]?(?:i?B)?\/s\] \[/;
const PV_PERCENT = /^[=> <]*\] *(\d{1,3})%/;

class Pv implements Recogniser {
  readonly name = "pv";

  read(text: string): Reading | null {
    const at = text.indexOf("/s] [");
    const match = at === -1 ? null : PV.exec(text);
    if (match === null) return null;
    const [, label = "pv", size = ""] = match;
    const done = bytesOf(size) ?? 0;
    const unit = size.endsWith("B") ? "B" : null;
    const percent = PV_PERCENT.exec(text.slice(at + 5))?.[1];
    const reading: Reading = { label: label.trim(), done, unit, isOnlyProgress: true };
    return percent === undefined ? { ...reading, total: null } : { ...reading, percent: Number(percent) };
  }
}

const DD = /^(\d+) bytes(?: \([^()]{1,40}\))? copied, (\d+(?:[.,e-]\d+)*) s, /;

class Dd implements Recogniser {
  readonly name = "dd";

  read(text: string): Reading | null {
    const match = text.includes(" copied, ") ? DD.exec(text) : null;
    if (match === null) return null;
    const [, bytes = "", seconds = ""] = match;
    // The statistics at the end have decimals of a second, and stay in the log.
    const isOnlyProgress = /^\d+$/.test(seconds);
    return { ...bytesReading("copy", Number(bytes), null), isOnlyProgress };
  }
}

const TAR_CHECKPOINT = /^tar: (?:Read|Write) checkpoint (\d+)$/;
const TAR_TOTALS = /^tar: .{0,60}\b[RWD]: (\d+) \([\d.]+[KMGTP]?i?B, [\d.]+[KMGTP]?i?B\/s\)/;

class Tar implements Recogniser {
  readonly name = "tar";
  /** A custom text gives bytes; the plain checkpoints beside it count records. */
  #hasBytes = false;
  #records = 0;

  read(text: string): Reading | null {
    if (!text.startsWith("tar: ")) return null;
    const checkpoint = TAR_CHECKPOINT.exec(text);
    if (checkpoint !== null) {
      const done = Number(checkpoint[1]);
      // Another tar of the same script begins.
      if (done < this.#records) this.#hasBytes = false;
      this.#records = done;
      if (this.#hasBytes) return { isOnlyProgress: true };
      return { label: "checkpoints", done, total: null, unit: "records", isOnlyProgress: true };
    }
    const totals = TAR_TOTALS.exec(text);
    if (totals === null) return null;
    this.#hasBytes = true;
    return bytesReading("archive", Number(totals[1]), null);
  }
}

const ZSTD = /\bRead ?: +([\d.]+ +[KMGT]?i?B|[\d.]+ +B) \/ +([\d.]+ +[KMGT]?i?B) ==> /;
const ZSTD_FILE = /\bCurrent: (.{1,200}?) +Read ?: /;

/** The percentage after the arrow is the ratio of the compression, not progress. */
class Zstd implements Recogniser {
  readonly name = "zstd";

  read(text: string): Reading | null {
    if (!text.includes("==>")) return null;
    const match = ZSTD.exec(text);
    if (match === null) return null;
    const done = bytesOf(match[1]!.replace(/ +/, " ")) ?? 0;
    const total = bytesOf(match[2]!.replace(/ +/, " ")) ?? 0;
    return bytesReading(ZSTD_FILE.exec(text)?.[1] ?? "zstd", done, total);
  }
}

const XZ_FILE = /^(.{1,200}) \(\d+\/\d+\)$/;
const XZ = /^ *(\d{1,3}(?:[.,]\d)?) % +[\d.,]+ [KMGT]?i?B \/ [\d.,]+ [KMGT]?i?B = [\d.,]+ /;

class Xz implements Recogniser {
  readonly name = "xz";
  #file = "xz";

  read(text: string): Reading | null {
    if (text.endsWith(")")) this.#file = XZ_FILE.exec(text)?.[1] ?? this.#file;
    const match = text.includes(" % ") ? XZ.exec(text) : null;
    return match && { label: this.#file, percent: Number(match[1]!.replace(",", ".")), isOnlyProgress: true };
  }
}

export const STREAMS: readonly ProgramRecogniser[] = [
  {
    source: "text",
    create: () => new Pv(),
    programs: [
      { name: "pv", shows: "percent, or bytes where the size is not known", add: "`-f`", needs: "pipe" },
    ],
  },
  {
    source: "text",
    create: () => new Dd(),
    programs: [{ name: "dd", shows: "bytes, without a total", add: "`status=progress`", needs: "pipe" }],
  },
  {
    source: "text",
    create: () => new Tar(),
    programs: [
      { name: "GNU tar", shows: "records, without a total", add: "`--checkpoint=1000`", needs: "pipe" },
      {
        name: "GNU tar",
        shows: "bytes, without a total",
        add: "`--checkpoint=1000 --checkpoint-action=echo=%T`",
        needs: "pipe",
      },
    ],
  },
  {
    source: "text",
    create: () => new Zstd(),
    programs: [{ name: "zstd", shows: "bytes of each file", add: "`--progress`", needs: "pipe" }],
  },
  {
    source: "text",
    create: () => new Xz(),
    programs: [{ name: "xz", shows: "percent of each file", add: "`-v`", needs: "tty" }],
  },
];
