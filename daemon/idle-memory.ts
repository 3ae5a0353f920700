/**
 * Gives memory back after a burst. V8 collects what a burst left behind only when it needs room, which an idle daemon
 * never does. So while nothing happens V8 is in its memory-saver mode: within some seconds it collects by itself, marks
 * in small steps between which requests are answered, and gives the pages back. Under load the mode is off: it would
 * collect more often.
 */
import { setFlagsFromString } from "node:v8";

/** Milliseconds: once nothing happened for as long, and twice as long at most, the daemon is idle. */
const QUIET_MS = 2000;

/** Node's first version whose V8 has the mode. */
const SINCE = 24;

export class IdleMemory {
  #timer: NodeJS.Timeout | null = null;
  #stirred = false;
  #saves = false;

  /** @param node - the version that runs: an older one says of the mode that it does not know it, and is left alone */
  constructor(node = process.versions.node) {
    if (Number.parseInt(node, 10) < SINCE) this.stir = () => {};
  }

  /** Something happened: a request, a change. Called for each. */
  stir(): void {
    this.#stirred = true;
    if (this.#timer) return;
    this.#save(false);
    this.#watch();
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
  }

  #watch(): void {
    this.#stirred = false;
    this.#timer = setTimeout(() => {
      if (this.#stirred) return this.#watch();
      this.#timer = null;
      this.#save(true);
    }, QUIET_MS).unref();
  }

  /** Not before it has to: compiled code is kept for the flags it was compiled under. */
  #save(saves: boolean): void {
    if (saves !== this.#saves) setFlagsFromString(saves ? "--memory-saver-mode" : "--no-memory-saver-mode");
    this.#saves = saves;
  }
}
