/**
 * A file system of a few megabytes, to be filled: a tmpfs mounted by root, or by a user in a new
 * namespace. The daemon starts in this namespace, and the test reaches it through /proc. Where
 * neither is permitted, the tests fail and report it; they are not skipped.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../protocol/system/until.js";
import type { DaemonOptions } from "../harness/daemon.js";

const UNMOUNT_MS = 10_000;

export class SmallDisk implements AsyncDisposable {
  readonly #ballast: string;

  private constructor(
    /** The root of the file system. */
    readonly dir: string,
    /** The same as the daemon sees it, and the words before its command that let it see it. */
    private readonly inside: { dir: string; enter: string[] },
    private readonly unmount: () => Promise<void>,
  ) {
    this.#ballast = join(dir, "ballast");
  }

  static async make(megabytes: number, inodes = 10_000): Promise<SmallDisk> {
    const options = `size=${megabytes}m,nr_inodes=${inodes},mode=700`;
    const place = mkdtempSync(join(tmpdir(), "liveops-disk-"));
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", options, "liveops-test", place]);
    if (mounted.status === 0) {
      return new SmallDisk(place, { dir: place, enter: [] }, async () => {
        // A process that is gone from /proc may still be closing its files.
        const gone = await until(() => spawnSync("umount", [place]).status === 0, UNMOUNT_MS);
        if (!gone) execFileSync("umount", [place]);
        rmSync(place, { recursive: true });
      });
    }
    const script = `mount -t tmpfs -o ${options} liveops-test /mnt && echo mounted && exec sleep 100000`;
    const holder = spawn("unshare", ["-Urm", "sh", "-c", script], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    rmSync(place, { recursive: true });
    await isMounted(holder, String(mounted.stderr));
    const enter = [
      "nsenter",
      "--user",
      "--mount",
      "--preserve-credentials",
      `--target=${holder.pid}`,
    ];
    return new SmallDisk(`/proc/${holder.pid}/root/mnt`, { dir: "/mnt", enter }, async () => {
      holder.kill("SIGKILL");
      await once(holder, "exit");
    });
  }

  /** A state dir on it: what a daemon is started with to be there. */
  place(name: string): Pick<DaemonOptions, "stateDir" | "enter" | "env"> {
    const stateDir = join(this.dir, name);
    mkdirSync(stateDir, { mode: 0o700 });
    const { dir, enter } = this.inside;
    return { stateDir, enter, env: { LIVEOPS_STATE_DIR: join(dir, name) } };
  }

  /** Fills it to the last byte. */
  fill(): void {
    this.topUp(this.#ballast);
  }

  /** Appends to a file until nothing fits any more, not even in its last page. */
  topUp(file: string): void {
    const fd = openSync(file, "a");
    const chunk = Buffer.alloc(64 * 1024, "x");
    try {
      for (let size = chunk.length; size > 0; ) {
        try {
          writeSync(fd, chunk, 0, size);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
          size >>= 1;
        }
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Takes up all file names there are. */
  fillNames(): void {
    const names = join(this.dir, "names");
    mkdirSync(names);
    for (let n = 0; statfsSync(this.dir).ffree > 0; n++)
      closeSync(openSync(join(names, String(n)), "w"));
  }

  /** Remounts it read-only, as a kernel does after an error. No file may be open for writing. */
  makeReadOnly(): void {
    const { dir, enter } = this.inside;
    const [command, ...words] = [...enter, "mount", "-o", "remount,ro", dir];
    execFileSync(command!, words);
  }

  /** Gives all of it back. */
  makeRoom(): void {
    rmSync(this.#ballast, { force: true });
    rmSync(join(this.dir, "names"), { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.unmount();
  }
}

async function isMounted(holder: ChildProcess, before: string): Promise<void> {
  const said = await Promise.race([
    once(holder.stdout!, "data").then(String),
    once(holder, "exit").then(() => "ended"),
    once(holder, "error").then(String),
  ]);
  if (said.startsWith("mounted")) return;
  throw new Error(
    `no small file system can be mounted: ${before.trim()}; nor in a user namespace (unshare -Urm: ${said}). ` +
      "The tests of a full disk need one: run them as root, or allow unprivileged user namespaces",
  );
}
