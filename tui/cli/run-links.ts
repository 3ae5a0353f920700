/** Addresses of the files of a run, for hyperlinks. Null where this machine does not have the file. */
import { join } from "node:path";
import type { Operation } from "../../protocol/operation.js";
import { fileUrl, type Linker, unlinked } from "../kit/output/links.js";
import { linksIn } from "../terminal/links.js";

type UrlOf = (operation: Operation) => string | null;

/** The directory with the runs of all attempts. */
export function runUrlIn(stateDir: string): UrlOf {
  return ({ id }) => fileUrl(join(stateDir, "runs", id));
}

/** The log of the last attempt. */
export function logUrlIn(stateDir: string): UrlOf {
  return ({ id, attempt }) => fileUrl(join(stateDir, "runs", id, String(attempt), "log.ndjson"));
}

/** A path as the whole value of `name=value`. */
const PATH_VALUE = /^([^\s=]+=)(\/.+)$/;

/**
 * Links the web addresses and files in a line.
 *
 * @param line - sanitized, without colours
 * @param cwd - directory of the operation; null: its files are on another machine
 */
export function linkedLine(line: string, cwd: string | null, link: Linker): string {
  if (link === unlinked) return line;
  const [, name, path] = PATH_VALUE.exec(line) ?? [];
  const url = path === undefined || cwd === null ? null : fileUrl(path);
  if (url !== null) return `${name}${link(url, path!)}`;
  const links = linksIn(line, cwd ?? "/").filter(({ source }) => source === null || cwd !== null);
  return links.reduceRight(
    (text, { from, to, url: target }) =>
      text.slice(0, from) + link(target, text.slice(from, to)) + text.slice(to),
    line,
  );
}
