/** Counts the words of the documents that people write: the generated regions do not count. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withoutMeasures } from "../../bench/harness/page.js";
import { withoutRegions } from "./markdown.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The words of each page, by its path. A word has a letter or a digit; the words of examples count.
 */
export function handWrittenWords(): Map<string, number> {
  const pages = [
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    ...globSync("docs/*.md", { cwd: root }).sort(),
  ];
  return new Map(pages.map((page) => [page, wordsIn(readFileSync(join(root, page), "utf8"))]));
}

function wordsIn(page: string): number {
  return withoutRegions(withoutMeasures(page))
    .split(/\s+/)
    .filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}
