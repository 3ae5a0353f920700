/**
 * Writes a state directory of the current format to `test/fixtures/state-v<format>/`. The first release freezes format 1.
 * Before that, delete the directory and make it again when the format changes; after that, keep each fixture.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { STATE_FORMAT } from "../../daemon/store/layout.js";
import { makeFixture } from "./fixture.js";

const dir = join(fileURLToPath(new URL("../fixtures", import.meta.url)), `state-v${STATE_FORMAT}`);
if (existsSync(dir)) {
  process.stderr.write(`${dir} already exists; delete it first, unless its format is released\n`);
  process.exitCode = 1;
} else {
  mkdirSync(dir, { recursive: true });
  await makeFixture(dir);
  process.stdout.write(`${dir}\n`);
}
