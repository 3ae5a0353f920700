/** `npm run docs`: writes the generated regions of the reference pages. A test fails where a region is stale. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referencePages } from "./docs/pages.js";

const root = fileURLToPath(new URL("..", import.meta.url));

for (const { path, present, generated } of await referencePages()) {
  const isFresh = present === generated;
  if (!isFresh) writeFileSync(join(root, path), generated);
  process.stdout.write(`${path}: ${isFresh ? "unchanged" : "written"}\n`);
}
