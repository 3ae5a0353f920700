/** How far a backup or a restore is, on stderr: one line drawn over on a terminal, else a line every few seconds. */

/** Milliseconds between two lines where stderr is not a terminal. */
const EVERY_MS = 5000;

export class ProgressLine {
  #last = performance.now();
  #isDrawn = false;

  constructor(
    private readonly verb: string,
    private readonly stderr: Pick<NodeJS.WriteStream, "write" | "isTTY"> = process.stderr,
  ) {}

  show({ files, bytes }: { files: number; bytes: number }): void {
    const now = performance.now();
    const every = this.stderr.isTTY ? 100 : EVERY_MS;
    if (now - this.#last < every) return;
    this.#last = now;
    const text = `${this.verb} ${files} files, ${megabytes(bytes)}`;
    if (this.stderr.isTTY) this.stderr.write(`\r${text}\u001b[K`);
    else this.stderr.write(`liveopsd: ${text}\n`);
    this.#isDrawn = this.stderr.isTTY === true;
  }

  end(): void {
    if (this.#isDrawn) this.stderr.write("\r\u001b[K");
  }
}

/** `1.2 MB` */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Aborts on Ctrl-C and on SIGTERM, with what `reason` makes. */
export function interruptSignal(reason: () => Error): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const abort = () => controller.abort(reason());
  process.once("SIGINT", abort);
  process.once("SIGTERM", abort);
  return {
    signal: controller.signal,
    done: () => {
      process.off("SIGINT", abort);
      process.off("SIGTERM", abort);
    },
  };
}
