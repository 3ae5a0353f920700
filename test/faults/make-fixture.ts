/**
 * Keeps a state dir of today's format in `test/fixtures/state-v<format>/`. Run once for each format, before it is
 * released; what is there already is never made again: that old state dirs load is the point.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FORMAT } from "../../daemon/store/layout.js";
import { makeFixture } from "./fixture.js";

const dir = join(fileURLToPath(new URL("../fixtures", import.meta.url)), `state-v${FORMAT}`);
if (existsSync(dir)) {
  process.stderr.write(`${dir} is there already; fixtures are not made again\n`);
  process.exitCode = 1;
} else {
  mkdirSync(dir, { recursive: true });
  await makeFixture(dir);
  process.stdout.write(`${dir}\n`);
}
