/**
 * The files of dist/ that are generated from the command trees and the route table.
 * `scripts/build.mjs` bundles this module and calls it.
 */
import { TABLE_FILE } from "../../tui/kit/command-table.js";
import { completionTable } from "./completion-table.js";
import { manPages } from "./man-pages.js";
import { openapi } from "./openapi.js";
import { programs } from "./programs.js";

/** Text by the path in dist/. @param date - of the man pages, as YYYY-MM-DD */
export async function referenceFiles(date: string): Promise<Record<string, string>> {
  const all = await programs();
  return {
    [TABLE_FILE]: JSON.stringify(completionTable(all)),
    "openapi.json": JSON.stringify(openapi()),
    ...manPages(all, date),
  };
}
