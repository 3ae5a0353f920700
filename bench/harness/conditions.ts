/** The conditions of a run: machine, versions, load. */
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { VERSION } from "../../protocol/version.js";
import { libraryVersion, programVersion } from "./peer.js";
import { postgresVersion } from "./postgres.js";
import { percentile } from "./rows.js";
import { node } from "./world.js";

/** Load, and the time of a durable append on the disk of the measures: they change during a run. */
export function weather(): string {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  const file = openSync(join(dir, "file"), "a");
  const times = Array.from({ length: 1000 }, () => {
    const start = performance.now();
    writeSync(file, "x".repeat(100));
    fdatasyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  rmSync(dir, { recursive: true });
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(times, share).toFixed(2));
  return `load ${loadavg()[0]!.toFixed(1)}, an append of 100 bytes and fdatasync p50 ${p50} ms, p99 ${p99} ms`;
}

export function conditions(before: string, after: string): string[] {
  const versions = {
    Node: programVersion(node),
    Redis: programVersion("redis-server"),
    PostgreSQL: postgresVersion(),
    ...Object.fromEntries(
      ["bullmq", "@dbos-inc/dbos-sdk", "pm2"].map((name) => [name, libraryVersion(name)]),
    ),
  };
  const others = Object.entries(versions).map(([name, version]) => `${name} ${version ?? "not installed"}`);
  const disk = execFileSync("stat", ["-f", "-c", "%T", tmpdir()], { encoding: "utf8" }).trim();
  return [
    `liveops ${VERSION} (${commit()}), ${others.join(", ")}`,
    `${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().split("-")[0]}, disk ${disk}`,
    `before: ${before}`,
    `after: ${after}`,
  ];
}

/** The commit of this checkout, marked as dirty where files have changed. */
function commit(): string {
  const words = ["-C", import.meta.dirname, "describe", "--always", "--dirty", "--exclude", "*"];
  try {
    return execFileSync("git", words, { encoding: "utf8" }).trim();
  } catch {
    return "no checkout";
  }
}
