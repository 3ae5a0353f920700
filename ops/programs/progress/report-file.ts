/**
 * The file named by `LIVEOPS_REPORT`, to which a program and all its children append lines.
 *
 * A plain file and no named pipe: an append to a file never waits for a reader. Lines of several
 * processes do not mix, since a shell appends a short line with one write. A process that outlives
 * the program makes the file anew with its next line, which does no harm.
 */
import { randomBytes } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StringDecoder } from "node:string_decoder";

const PIECE = 64 * 1024;
/** Bytes by which a rewritten file is noticed. */
const TAIL = 64;
/**
 * Characters of a line; the rest of a longer line is dropped. A cut secret is not masked, and none
 * is this long.
 */
export const LONGEST_LINE = 512 * 1024;
/** Bytes that one call of `poll` reads at most, so that it does not hold up its process. */
const MOST_AT_ONCE = 1024 * 1024;

const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

export class ReportFile {
  readonly #fd: number;
  readonly #decoder = new StringDecoder("utf8");
  readonly #buffer = Buffer.allocUnsafe(PIECE);
  #offset = 0;
  /** The last bytes before `#offset`. */
  #tail: Buffer = Buffer.alloc(0);
  #rest = "";

  private constructor(
    readonly path: string,
    private readonly onLine: (line: string) => void,
  ) {
    // Never a file or a link that another user put there.
    this.#fd = openSync(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** @throws Error if no directory takes the file */
  static create(
    onLine: (line: string) => void,
    dirs: readonly string[] = [tmpdir(), "/tmp", "/dev/shm"],
  ): ReportFile {
    let problem: unknown;
    for (const dir of new Set(dirs)) {
      try {
        return new ReportFile(
          join(dir, `liveops-report-${randomBytes(8).toString("hex")}`),
          onLine,
        );
      } catch (error) {
        problem = error;
      }
    }
    throw problem;
  }

  /** Reads the lines that are new. Costs two system calls if there are none. */
  poll(most: number = MOST_AT_ONCE): void {
    const { size } = fstatSync(this.#fd);
    if (this.#isRewritten(size)) {
      this.#offset = 0;
      this.#tail = Buffer.alloc(0);
      this.#rest = "";
    }
    const end = Math.min(size, this.#offset + most);
    while (this.#offset < end) {
      const wanted = Math.min(PIECE, end - this.#offset);
      const length = readSync(this.#fd, this.#buffer, 0, wanted, this.#offset);
      if (length === 0) return;
      this.#offset += length;
      const piece = this.#buffer.subarray(0, length);
      this.#tail = Buffer.from(piece.subarray(-TAIL));
      this.#take(this.#decoder.write(piece));
    }
  }

  /** A script wrote with `>` in place of `>>`: its line stands at the beginning again. */
  #isRewritten(size: number): boolean {
    if (size < this.#offset) return true;
    const { length } = this.#tail;
    if (length === 0) return false;
    const now = Buffer.alloc(length);
    readSync(this.#fd, now, 0, length, this.#offset - length);
    return !now.equals(this.#tail);
  }

  /** Reads what is left, also a line without its end, and removes the file. */
  close(): void {
    this.poll(Number.MAX_SAFE_INTEGER);
    const last = this.#rest + this.#decoder.end();
    this.#rest = "";
    rmSync(this.path, { force: true });
    closeSync(this.#fd);
    if (last !== "") this.#pass(last);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = (lines.pop() as string).slice(0, LONGEST_LINE);
    for (const line of lines) this.#pass(line);
  }

  #pass(line: string): void {
    this.onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  }
}
