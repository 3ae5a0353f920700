/**
 * Finds the targets of hyperlinks in a log line: web addresses, and files with a line number. Only
 * `http`, `https` and files that exist: nothing else of an untrusted text becomes the target of a
 * link.
 */
import { statSync } from "node:fs";
import { hostname } from "node:os";
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";

export interface Link {
  /** Place in the text, from and after. */
  readonly from: number;
  readonly to: number;
  /** Target of the hyperlink. */
  readonly url: string;
  /** Null: a web address. */
  readonly source: { readonly file: string; readonly line: number } | null;
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`|\\^{}\x00-\x1f\x7f-\x9f]+/gi;
/** `src/main.ts:12`, `/tmp/a.py:3:7`, `file:///tmp/a.js:4:1`, `File "a.py", line 3`. */
const FILE = /(?:file:\/\/)?([\w.@~+/-]*[\w@~+-]\.\w{1,10}):(\d{1,7})(?::\d+)?/g;
const PYTHON = /File "([^"]{1,300})", line (\d{1,7})/g;
/** Punctuation behind an address that belongs to the sentence. */
const BEHIND = /[.,;:!?]+$/;
const LONGEST = 2000;

/**
 * @param text a sanitized line, without colours @param cwd where the operation ran: its files are
 * named from there
 */
export function linksIn(text: string, cwd: string): readonly Link[] {
  if (text.length > LONGEST) return [];
  const links: Link[] = [];
  for (const { 0: found, index } of text.matchAll(ADDRESS)) {
    const address = balanced(found.replace(BEHIND, ""));
    if (URL.canParse(address))
      links.push({
        from: index,
        to: index + address.length,
        url: new URL(address).href,
        source: null,
      });
  }
  for (const match of [...text.matchAll(FILE), ...text.matchAll(PYTHON)]) {
    const [found, path = "", line] = match;
    const { index } = match;
    const file = isAbsolute(path) ? path : resolve(cwd, path);
    const isFree = links.every((link) => index >= link.to || index + found.length <= link.from);
    if (!isFree || !isFile(file)) continue;
    const { href } = pathToFileURL(file);
    const url = href.replace("file://", `file://${hostname()}`);
    links.push({
      from: index,
      to: index + found.length,
      url,
      source: { file, line: Number(line) },
    });
  }
  return links.sort((a, b) => a.from - b.from);
}

/** A closing bracket after the address belongs to an opening bracket before it. */
function balanced(address: string): string {
  for (const [open, close] of ["()", "[]"]) {
    while (address.endsWith(close!) && address.split(open!).length < address.split(close!).length)
      address = address.slice(0, -1);
  }
  return address;
}

/**
 * Whether a file is there, as of the last few seconds: the rows of a log are drawn several times a
 * second.
 */
const known = new Map<string, boolean>();
const KNOWN_MOST = 1000;
const KNOWN_FOR = 5000;
let knownSince = 0;

function isFile(path: string): boolean {
  if (known.size > KNOWN_MOST || performance.now() - knownSince > KNOWN_FOR) {
    known.clear();
    knownSince = performance.now();
  }
  let is = known.get(path);
  if (is === undefined) {
    is = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
    known.set(path, is);
  }
  return is;
}
