/** Downloads with state: curl, wget, aria2 and yt-dlp. */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";
import { bytesOf, bytesReading, cutAtPercent } from "./program.js";

const CLOCK = "(?:[-\\d]{1,3}:[-\\d]\\d?-?:[-\\d]{2}|\\d+d(?: \\d+h)?)";
const METER = new RegExp(
  `^ *\\d{1,3} +([\\d.]+[kMGTP]?) +(\\d{1,3}) +([\\d.]+[kMGTP]?) +(\\d{1,3}) +([\\d.]+[kMGTP]?) +[\\d.]+[kMGTP]? +[\\d.]+[kMGTP]?(?: +${CLOCK}){3} +[\\d.]+[kMGTP]?$`,
);
const PARALLEL = new RegExp(
  `^ *(\\d{1,3}|--) +(?:\\d{1,3}|--) +([\\d.]+[kMGTP]?) +([\\d.]+[kMGTP]?) +\\d+ +\\d+(?: +${CLOCK}){3} +[\\d.]+[kMGTP]?$`,
);
const METER_HEADS = [
  "  % Total    % Rec",
  "                                 Dload",
  "DL% UL%  Dled  Uled",
];
const HASHES = /^#* {1,400}(\d{1,3}\.\d)%$|^#+ ?(100\.0)%$/;

/** The table meter of curl, its meter of parallel transfers, and its bar (`-#`). */
export class Curl implements Recogniser {
  readonly name = "curl";
  #done = 0;
  #transfer = 1;

  read(text: string): Reading | null {
    if (text.startsWith("#") || text.endsWith("%")) return this.#bar(text);
    if (METER_HEADS.some((head) => text.startsWith(head))) {
      this.#begin();
      return { isOnlyProgress: true };
    }
    if (text.length < 60 || text.length > 120 || !text.includes(":")) return null;
    const line = text.trimEnd();
    const meter = METER.exec(line);
    if (meter !== null) {
      const [, all = "", down = "", received = "", up = "", sent = ""] = meter;
      const [total = 0, done = 0] = [all, received].map((size) => bytesOf(size, 1024) ?? 0);
      // Without a length, curl gives the bytes so far as the total, and no percentage of it.
      const isUnknown = down === "0" && up === "0" && done === total;
      return this.#bytes(done + (bytesOf(sent, 1024) ?? 0), isUnknown ? 0 : total);
    }
    const parallel = PARALLEL.exec(line);
    if (parallel === null) return null;
    const [, percent = "", received = "", sent = ""] = parallel;
    const done = (bytesOf(received, 1024) ?? 0) + (bytesOf(sent, 1024) ?? 0);
    if (percent === "--") return bytesReading("transfers", done, null);
    return { label: "transfers", percent: Number(percent), done, unit: "B", isOnlyProgress: true };
  }

  #bar(text: string): Reading | null {
    const match = HASHES.exec(text);
    if (match === null) return null;
    return { label: "transfer", percent: Number(match[1] ?? match[2]), isOnlyProgress: true };
  }

  #begin(): void {
    if (this.#done > 0) this.#transfer++;
    this.#done = 0;
  }

  /** The next transfer of the same command begins at zero again, mostly after a heading. */
  #bytes(done: number, total: number): Reading {
    if (done === 0 && total === 0) return { isOnlyProgress: true };
    if (done < this.#done) this.#begin();
    this.#done = done;
    return bytesReading(
      this.#transfer === 1 ? "transfer" : `transfer ${this.#transfer}`,
      done,
      total,
    );
  }
}

const WGET_BAR = /^[=>+ ]*\] +([\d.,]+[KMGT]?)(?: |$)/;
const WGET_UNKNOWN = /\[[ +]*<=>[ +]*\] +([\d.,]+[KMGT]?) /;
const WGET_DOTS = /^ *\d+K [., ]{10,70} (\d{1,3})% +[\d.]+[KMGT]?[ =]/;
/** A longer name moves through the bar, so that the bar shows another part of it each time. */
const LONGEST_WGET_NAME = 19;

export class Wget implements Recogniser {
  readonly name = "wget";
  #total: number | null = null;
  #file = "";

  read(text: string): Reading | null {
    if (text.startsWith("Length: ")) {
      this.#total = bytesOf(/^Length: (\d+)/.exec(text)?.[1] ?? "");
      return null;
    }
    if (text.startsWith("Saving to: ")) {
      this.#file = text.slice("Saving to: ".length).replace(/^['‘"]|['’"]$/g, "");
      return null;
    }
    if (text.includes("%[")) return this.#bar(text);
    if (text.includes("K ..")) {
      const match = WGET_DOTS.exec(text);
      return match && { label: this.#label(""), percent: Number(match[1]), isOnlyProgress: true };
    }
    const match = text.includes("<=>") ? WGET_UNKNOWN.exec(text) : null;
    if (match === null) return null;
    return bytesReading(
      this.#label(text.slice(0, match.index)),
      bytesOf(match[1]!, 1024) ?? 0,
      null,
    );
  }

  #bar(text: string): Reading | null {
    const cut = cutAtPercent(text);
    const match = cut?.after.startsWith("[") ? WGET_BAR.exec(cut.after.slice(1)) : null;
    if (!cut || match === null) return null;
    const label = this.#label(cut.before);
    const done = bytesOf(match[1]!, 1024) ?? 0;
    const { percent } = cut;
    if (this.#total === null) return { label, percent, done, unit: "B", isOnlyProgress: true };
    return bytesReading(label, percent === 100 ? this.#total : done, this.#total);
  }

  #label(name: string): string {
    if (this.#file !== "") return this.#file;
    const shown = name.trim();
    return shown === "" || shown.length >= LONGEST_WGET_NAME ? "download" : shown;
  }
}

const ARIA2 = /#([0-9a-f]{6}) ([\d.]+(?:[KMGT]i)?B)\/([\d.]+(?:[KMGT]i)?B)(?:\(\d{1,3}%\))?/g;

export class Aria2 implements Recogniser {
  readonly name = "aria2";
  readonly #downloads = new Map<string, { done: number; total: number }>();
  #completed = 0;

  read(text: string): Reading | null {
    if (text.startsWith("[#") || text.startsWith("[DL:")) {
      const pieces = [...text.matchAll(ARIA2)];
      for (const [, id = "", done = "", total = ""] of pieces)
        this.#downloads.set(id, { done: bytesOf(done) ?? 0, total: bytesOf(total) ?? 0 });
      return pieces.length === 0 ? null : this.#sum();
    }
    if (this.#downloads.size === 0 || !text.includes("] Download complete: ")) return null;
    this.#completed++;
    if (this.#completed < this.#downloads.size) return null;
    for (const download of this.#downloads.values()) download.done = download.total;
    return { ...this.#sum(), isOnlyProgress: false };
  }

  #sum(): Reading {
    const all = [...this.#downloads.values()];
    const of = (key: "done" | "total") => all.reduce((sum, download) => sum + download[key], 0);
    return bytesReading("download", of("done"), of("total"));
  }
}

const YT_DLP = /^\[download\] +(\d{1,3}(?:\.\d)?)% of +~? *([\d.]+(?:[KMGT]i)?B)(?: |$)/;
const YT_DLP_FILE = "[download] Destination: ";

export class YtDlp implements Recogniser {
  readonly name = "yt-dlp";
  #file = "download";

  read(text: string): Reading | null {
    if (!text.startsWith("[download] ")) return null;
    if (text.startsWith(YT_DLP_FILE)) this.#file = text.slice(YT_DLP_FILE.length).trimEnd();
    const match = YT_DLP.exec(text);
    if (match === null) return null;
    const total = bytesOf(match[2]!) ?? 0;
    return bytesReading(this.#file, Math.round((total * Number(match[1])) / 100), total);
  }
}
