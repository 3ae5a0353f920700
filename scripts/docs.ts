/**
 * `npm run docs`: writes the generated regions of the reference pages. A test fails where a region
 * is stale.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referencePages } from "./docs/pages.js";
import { handWrittenWords } from "./docs/words.js";

const root = fileURLToPath(new URL("..", import.meta.url));

for (const { path, present, generated } of referencePages()) {
  const isFresh = present === generated;
  if (!isFresh) writeFileSync(join(root, path), generated);
  process.stdout.write(`${path}: ${isFresh ? "unchanged" : "written"}\n`);
}

const words = [...handWrittenWords()];
for (const [page, count] of words)
  process.stdout.write(`${String(count).padStart(6)} words  ${page}\n`);
const all = words.reduce((sum, [, count]) => sum + count, 0);
process.stdout.write(
  `${String(all).padStart(6)} words written by people, generated regions aside\n`,
);
