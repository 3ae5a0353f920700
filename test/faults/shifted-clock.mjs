/**
 * Preloaded into every process of a daemon's world (NODE_OPTIONS=--import): the wall clock goes
 * ahead or back by the milliseconds in the file in the query of this module's URL, read at each
 * call. The monotonic clock is unchanged.
 */
import { readFileSync } from "node:fs";

const file = new URL(import.meta.url).searchParams.get("file");
const RealDate = Date;

function shift() {
  try {
    return Number(readFileSync(file, "utf8")) || 0;
  } catch {
    return 0;
  }
}

globalThis.Date = class ShiftedDate extends RealDate {
  constructor(...given) {
    if (given.length === 0) super(RealDate.now() + shift());
    else super(...given);
  }

  static now() {
    return RealDate.now() + shift();
  }
};
