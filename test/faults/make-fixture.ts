/**
 * Keeps a state dir of today's format in `test/fixtures/state-v<format>/`. The first release freezes format 1: until
 * then the directory is deleted and made anew when the format changes, and after it no fixture is made again.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { STATE_FORMAT } from "../../daemon/store/layout.js";
import { makeFixture } from "./fixture.js";

const dir = join(fileURLToPath(new URL("../fixtures", import.meta.url)), `state-v${STATE_FORMAT}`);
if (existsSync(dir)) {
  process.stderr.write(`${dir} is there already; delete it first, as long as its format is not released\n`);
  process.exitCode = 1;
} else {
  mkdirSync(dir, { recursive: true });
  await makeFixture(dir);
  process.stdout.write(`${dir}\n`);
}
