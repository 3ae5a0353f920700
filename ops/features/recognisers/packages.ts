/** Package managers with state: apt, pip and npm. */
import type { Reading, Recogniser } from "../../programs/progress/reading.js";
import { bytesOf, bytesReading } from "./program.js";

const PLAN =
  /^(\d+) (?:upgraded|packages upgraded), (\d+) newly installed,(?: \d+ reinstalled,)?(?: \d+ downgraded,)? (\d+) to remove/;
const PLAN_APT_3 = /^ *Upgrading: (\d+), Installing: (\d+), Removing: (\d+), /;
const STEP = /^(Unpacking|Setting up|Removing) [a-z0-9][a-z0-9+.:-]+ \(/;
const ACQUIRE = /^(\d{1,3})% \[/;
const FANCY = /^Progress: \[ *(\d{1,3})%\]/;

function planIn(text: string): RegExpExecArray | null {
  return PLAN.exec(text) ?? PLAN_APT_3.exec(text);
}

/** The text of apt and dpkg. A package is unpacked, then set up; a package to remove is removed. */
export class Apt implements Recogniser {
  readonly name = "apt";
  #steps = 0;
  #done = 0;
  #hasBar = false;

  read(text: string, isFrame: boolean): Reading | null {
    const plan = text.includes(" to remove") || text.includes("Installing: ") ? planIn(text) : null;
    if (plan !== null) {
      const [, upgraded = 0, installed = 0, removed = 0] = plan.map(Number);
      this.#steps = 2 * (upgraded + installed) + removed;
      this.#done = 0;
      return null;
    }
    if (text.startsWith("P")) {
      const match = FANCY.exec(text);
      if (match === null) return null;
      this.#hasBar = true;
      return { label: "packages", percent: Number(match[1]), isOnlyProgress: true };
    }
    const acquired = isFrame ? ACQUIRE.exec(text) : null;
    if (acquired !== null)
      return { label: "download", percent: Number(acquired[1]), isOnlyProgress: true };
    if (this.#steps === 0 || isFrame || !STEP.test(text)) return null;
    this.#done = Math.min(this.#done + 1, this.#steps);
    if (this.#hasBar) return null;
    return { label: "packages", done: this.#done, total: this.#steps, unit: "steps" };
  }
}

const PIP_RAW = /^Progress (\d+) of (\d+)$/;
const PIP_BAR = /[━╸╺-] ([\d.]+)\/([\d.]+) ([kMGT]?B)(?: |$)/;
const PIP_FILE = /^ *Downloading (\S+)(?: \(.+\))?$/;

export class Pip implements Recogniser {
  readonly name = "pip";
  #label = "download";

  read(text: string): Reading | null {
    if (text.includes("Downloading ")) {
      const file = PIP_FILE.exec(text.trimEnd())?.[1];
      if (file !== undefined) this.#label = file.slice(file.lastIndexOf("/") + 1);
      return null;
    }
    const raw = text.startsWith("Progress ") ? PIP_RAW.exec(text) : null;
    if (raw !== null) return bytesReading(this.#label, Number(raw[1]), Number(raw[2]));
    const bar = text.includes("B") && /━|╺/.test(text) ? PIP_BAR.exec(text) : null;
    if (bar === null) return null;
    const [done, total] = [bar[1], bar[2]].map((size) => bytesOf(`${size} ${bar[3]}`) ?? 0);
    return bytesReading(this.#label, done!, total!);
  }
}

const NPM_BAR = /^[[(⸨]([#░⠂.]{5,80})[\])⸩] \S+ (\w+):/;
const NPM_FETCH = /^npm http (?:fetch GET \d{3}|cache) /;

/**
 * npm up to 9 draws a bar; later versions only turn a spinner, so that their requests are counted.
 */
export class Npm implements Recogniser {
  readonly name = "npm";
  #requests = 0;

  read(text: string, isFrame: boolean): Reading | null {
    if (!isFrame && text.startsWith("npm http ")) {
      if (!NPM_FETCH.test(text)) return null;
      return { label: "requests", done: ++this.#requests, total: null, unit: "requests" };
    }
    const match = isFrame ? NPM_BAR.exec(text) : null;
    if (match === null) return null;
    const bar = match[1]!;
    const filled = bar.split("#").length - 1;
    return {
      label: match[2]!,
      percent: Math.round((100 * filled) / bar.length),
      isOnlyProgress: true,
    };
  }
}
