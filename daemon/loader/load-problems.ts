/**
 * Tells which operation files do not load: a line of the log for each change, and the problems of
 * `liveopsd status`.
 *
 * Files are looked at regularly too: otherwise nothing would tell of a broken file before the next
 * submit.
 */
import { notLoading } from "../../ops/loading/type-names.js";
import { atMost } from "../../protocol/system/until.js";
import type { Log } from "../log/log.js";
import type { Loader } from "./loader.js";

/** How often the files are looked at, in ms. A look at unchanged files costs some calls of stat. */
const LOOK_MS = 5000;

/** How long a list waits for files that were edited just now, in ms. */
const WAIT_MS = 500;

/** Most problems in a list. */
const MOST = 10;

export class LoadProblems {
  /** The error of each file that does not load, as the log has it. */
  #logged = new Map<string, string>();
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly loader: Pick<Loader, "known" | "look" | "types">,
    private readonly log: Log,
  ) {}

  start(): void {
    this.#timer ??= setInterval(() => this.loader.look(), LOOK_MS).unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** A file was loaded: logs what changed, once no file is being loaded. */
  update(): void {
    const now = this.#errors();
    if (now === null) return;
    for (const [file, reason] of now)
      if (this.#logged.get(file) !== reason)
        this.log.warn({ file, reason }, "the operation file does not load");
    for (const file of this.#logged.keys())
      if (!now.has(file)) this.log.info({ file }, "the operation file is no longer broken");
    this.#logged = now;
  }

  /** The files that do not load now, or why none can be loaded; none before `start`. */
  async list(): Promise<string[]> {
    if (this.#timer === null) return [];
    // While a file is being loaded, those that the log has are the newest known.
    let failure: string[] = [];
    const types = this.loader.types().catch(({ message }: Error) => {
      failure = [`operations wait: ${message}`];
    });
    await atMost(WAIT_MS, types);
    this.update();
    const broken = [...this.#logged].map(([file, reason]) => notLoading(file, reason));
    const all = [...failure, ...broken];
    if (all.length <= MOST) return all;
    return [
      ...all.slice(0, MOST),
      `${all.length - MOST} more operation files do not load; see: liveops ops`,
    ];
  }

  #errors(): Map<string, string> | null {
    const reply = this.loader.known();
    return reply === null
      ? null
      : new Map(reply.errors.map(({ file, message }) => [file, message]));
  }
}
