/** What the path and the first look at a file tell of a pipeline, without the YAML library. */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { basename, extname } from "node:path";
import { kebabCase, OP_PATTERN } from "../../protocol/type-names.js";

/** The shipped type that runs any file. No file in an operations directory may have its name. */
export const ANY_PIPELINE = "pipeline";

/**
 * `nightly_dump.yaml` gives `nightly-dump`; null if no name can be made. @param path - null: stdin
 */
export function nameOfPath(path: string | null): string | null {
  if (path === null) return "pipeline";
  const stem = basename(path, extname(path)).replaceAll(".", "-");
  const name = kebabCase(stem);
  return OP_PATTERN.test(name) ? name : null;
}

/** Whether the path is that of a YAML file. The name of an operation type has no dot. */
export function isYamlPath(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

/** Bytes in which the key `stages` is searched: more than a pipeline may have. */
const LOOK_BYTES = 128 * 1024;

/**
 * Whether the file has the key `stages`. Other YAML files of a directory are those of other tools.
 */
export function hasStages(path: string): boolean {
  return /(?:^|[{,])\s*(["']?)stages\1\s*:/m.test(startOf(path));
}

/** The name of a pipeline as its text states it, or that of its path; null: none. */
export function statedName(path: string): string | null {
  const [, , stated] =
    /^(?:\{\s*)?(["']?)name\1\s*:\s*["']?([a-z0-9-]+)/m.exec(startOf(path)) ?? [];
  return stated ?? nameOfPath(path);
}

function startOf(path: string): string {
  let fd: number | null = null;
  try {
    // An open of a pipe would wait for a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const bytes = Buffer.alloc(LOOK_BYTES);
    return bytes.toString("utf8", 0, readSync(fd, bytes, 0, LOOK_BYTES, 0));
  } catch {
    return "";
  } finally {
    if (fd !== null) closeSync(fd);
  }
}
