/**
 * Pipes for the output of a program. Node's own are sockets, one for each stream: they lose the
 * order of stdout and stderr, and a program cannot open `/dev/stderr`. One named pipe serves both
 * streams and keeps every write in order.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, mkdtempSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";

export interface Pipe {
  readonly output: Readable;
  /** Descriptor of the end that the program writes to. Close it once the program has started. */
  readonly input: number;
}

/** Descriptors of both ends. */
type Ends = Record<"output" | "input", number>;

/** Most pipes that are made at once. */
const MOST_AT_ONCE = 16;

/**
 * Makes pipes for the next programs as well: to start the program mkfifo takes far longer than to
 * make a pipe.
 */
export class Pipes {
  readonly #spare: Ends[] = [];
  #making: Promise<void> | null = null;
  /** Doubled each time: a process that runs one program makes none in vain. */
  #atOnce = 1;

  /**
   * @param dirs where to make them, the best first. Default: the temporary directories of the
   * system
   */
  constructor(private readonly dirs?: readonly string[]) {}

  /** Opens pipes without a name. @throws Error if no directory takes a named pipe */
  async open(count: number): Promise<Pipe[]> {
    while (this.#spare.length < count) {
      this.#making ??= this.#make(Math.max(count, this.#atOnce)).finally(() => {
        this.#making = null;
      });
      await this.#making;
    }
    return this.#spare.splice(0, count).map(({ output, input }) => ({
      output: new Socket({ fd: output, readable: true, writable: false }),
      input,
    }));
  }

  async #make(count: number): Promise<void> {
    this.#atOnce = Math.min(2 * this.#atOnce, MOST_AT_ONCE);
    let problem: unknown;
    for (const dir of this.dirs ?? new Set([tmpdir(), "/tmp", "/dev/shm"])) {
      let own: string | undefined;
      try {
        own = mkdtempSync(join(dir, "liveops-pipe-"));
        const files = Array.from({ length: count }, (_, n) => join(own as string, `${n}`));
        await makeFifos(files);
        for (const file of files) this.#spare.push(open(file));
        return;
      } catch (error) {
        problem = error;
      } finally {
        // The pipes stay open without their names.
        if (own !== undefined) rmSync(own, { recursive: true, force: true });
      }
    }
    throw problem;
  }
}

/** Node has no call for it. */
async function makeFifos(files: string[]): Promise<void> {
  const PATH = `${process.env.PATH ?? ""}:/usr/bin:/bin`;
  const child = spawn("mkfifo", ["-m", "600", ...files], { env: { PATH }, stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`mkfifo failed in ${files[0]}`);
}

function open(file: string): Ends {
  // Without a writer a blocking open would wait.
  const output = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return { output, input: openSync(file, constants.O_WRONLY) };
  } catch (error) {
    closeSync(output);
    throw error;
  }
}
