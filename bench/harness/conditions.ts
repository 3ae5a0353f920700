/** The conditions of a run: machine, versions, load. */
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { VERSION } from "../../protocol/version.js";
import { libraryVersion } from "./peer.js";
import { postgresVersion } from "./postgres.js";
import { redisVersion } from "./redis.js";
import { percentile } from "./rounds.js";
import { node } from "./world.js";

/** Conditions that change during a run, measured before and after it. */
export interface Weather {
  load: number;
  disk: string;
}

export function weather(): Weather {
  const { p50, p99 } = fdatasync();
  return { load: loadavg()[0]!, disk: `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms` };
}

export function conditions(before: Weather, after: Weather): string[] {
  const libraries = ["bullmq", "@dbos-inc/dbos-sdk", "pm2"].map(
    (name) => `${name} ${libraryVersion(name) ?? "not installed"}`,
  );
  return [
    `liveops ${VERSION} (${commit()}), Node ${said(node, "--version")}, Redis ${redisVersion() ?? "not installed"}, PostgreSQL ${postgresVersion() ?? "not installed"}, ${libraries.join(", ")}`,
    `${cpus().length} cores (${cpus()[0]?.model}), ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release().split("-")[0]}`,
    `disk (${said("stat", "-f", "-c", "%T", tmpdir())}): an append of 100 bytes and fdatasync: ${before.disk} before, ${after.disk} after`,
    `load average: ${before.load.toFixed(1)} before, ${after.load.toFixed(1)} after`,
  ];
}

/** The commit of this checkout, marked as dirty where files have changed. */
function commit(): string {
  try {
    return said("git", "-C", import.meta.dirname, "describe", "--always", "--dirty", "--exclude", "*");
  } catch {
    return "no checkout";
  }
}

function said(program: string, ...words: string[]): string {
  return execFileSync(program, words, { encoding: "utf8" }).trim().replace(/^v/, "");
}

/** Time of a durable append on the disk of the temporary directory, where all measures run. */
function fdatasync(): { p50: number; p99: number } {
  const dir = mkdtempSync(join(tmpdir(), "liveops-bench-"));
  try {
    const file = openSync(join(dir, "file"), "a");
    const times: number[] = [];
    for (let n = 0; n < 1000; n++) {
      const start = performance.now();
      writeSync(file, "x".repeat(100));
      fdatasyncSync(file);
      times.push(performance.now() - start);
    }
    closeSync(file);
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
