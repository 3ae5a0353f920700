/** Makes trees of files, reads them back, and unpacks archives with the system's own tar. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { temporary } from "./temporary.js";

/** Paths and what is there: a file's content, a link, or (with a slash at the end) a directory. */
export type Tree = Record<string, string | Buffer | { to: string }>;

export function tree(root: string, entries: Tree): void {
  mkdirSync(root, { recursive: true });
  for (const [path, content] of Object.entries(entries)) {
    // Not join: it would change names.
    const absolute = `${root}/${path}`;
    mkdirSync(path.endsWith("/") ? absolute : dirname(absolute), { recursive: true });
    if (path.endsWith("/")) continue;
    if (typeof content === "string" || Buffer.isBuffer(content)) writeFileSync(absolute, content);
    else symlinkSync(content.to, absolute);
  }
}

/**
 * Every path below the root, with what is there: type, mode, seconds of the last change, content.
 */
export function contents(root: string, below = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(`${root}/${below}`).sort()) {
    const path = below === "" ? name : `${below}/${name}`;
    const absolute = `${root}/${path}`;
    const stat = lstatSync(absolute);
    const events = `${(stat.mode & 0o7777).toString(8)} ${stat.isDirectory() ? "" : Math.floor(stat.mtimeMs / 1000)}`;
    if (stat.isSymbolicLink()) {
      found[path] = `link to ${readlinkSync(absolute)}`;
    } else if (stat.isDirectory()) {
      found[path] = `directory ${events}`;
      Object.assign(found, contents(root, path));
    } else {
      found[path] = `file ${events} ${sha256(readFileSync(absolute))}`;
    }
  }
  return found;
}

/**
 * Unpacks with the system's tar; the path of what came out (`top` of it: by default the one
 * directory).
 */
export function extract(archive: string, top?: string): string {
  const directory = temporary();
  execFileSync("tar", ["xzpf", archive, "-C", directory]);
  return join(directory, top ?? (readdirSync(directory)[0] as string));
}

export function sha256(bytes: string | Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
