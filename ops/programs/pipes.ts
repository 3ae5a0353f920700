/**
 * Pipes for the output of a program. Node's own are sockets, one for each stream: they lose the order of stdout and
 * stderr, and a program cannot open `/dev/stderr`. One named pipe serves both streams and keeps every write in order.
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

/** Opens pipes without a name. @throws Error if no directory takes a named pipe */
export async function openPipes(count: number, dirs: readonly string[] = directories()): Promise<Pipe[]> {
  let problem: unknown;
  for (const dir of dirs) {
    let own: string | undefined;
    try {
      own = mkdtempSync(join(dir, "liveops-pipe-"));
      const files = Array.from({ length: count }, (_, n) => join(own as string, `${n}`));
      await makeFifos(files);
      return files.map(open);
    } catch (error) {
      problem = error;
    } finally {
      // The pipes stay open without their names.
      if (own !== undefined) rmSync(own, { recursive: true, force: true });
    }
  }
  throw problem;
}

function directories(): string[] {
  return [...new Set([tmpdir(), "/tmp", "/dev/shm"])];
}

/** Node has no call for it. */
async function makeFifos(files: string[]): Promise<void> {
  const PATH = `${process.env.PATH ?? ""}:/usr/bin:/bin`;
  const child = spawn("mkfifo", ["-m", "600", ...files], { env: { PATH }, stdio: "ignore" });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`mkfifo failed in ${files[0]}`);
}

function open(file: string): Pipe {
  // Without a writer a blocking open would wait.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const input = openSync(file, constants.O_WRONLY);
    return { output: new Socket({ fd, readable: true, writable: false }), input };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
