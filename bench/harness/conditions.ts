/** The conditions of a run: machine, versions, load. */
import { execFileSync } from "node:child_process";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { VERSIONS } from "./peers.js";
import { quantile } from "./rows.js";
import { temporary } from "./world.js";

/** Load, and the time of a durable append on the disk of the measures: they change during a run. */
export function weather(): string {
  const load = loadavg()[0]!.toFixed(1);
  const file = openSync(join(temporary(), "file"), "a");
  const times = Array.from({ length: 1000 }, () => {
    const start = performance.now();
    writeSync(file, "x".repeat(100));
    fdatasyncSync(file);
    return performance.now() - start;
  });
  closeSync(file);
  return `load ${load}, fdatasync ${quantile(times, 0.5).toFixed(2)} ms`;
}

/** @returns a paragraph */
export function conditions(began: string, before: string, after: string): string {
  const versions = Object.entries(VERSIONS).map(
    ([name, version]) => `${name} ${version() ?? "not installed"}`,
  );
  const disk = execFileSync("stat", ["-f", "-c", "%T", tmpdir()], { encoding: "utf8" }).trim();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  const machine = `${cpus().length} cores (${cpus()[0]?.model}), ${memory}, Linux ${release().split("-")[0]}, ${disk}`;
  return `One run of commit ${commit()} on ${began}: ${machine}; before: ${before}; after: ${after}. ${versions.join(", ")}.`;
}

/** The commit of this checkout, marked as dirty where files have changed. */
export function commit(): string {
  const words = ["-C", import.meta.dirname, "describe", "--always", "--dirty", "--exclude", "*"];
  try {
    return execFileSync("git", words, { encoding: "utf8" }).trim();
  } catch {
    return "of no checkout, dirty";
  }
}
