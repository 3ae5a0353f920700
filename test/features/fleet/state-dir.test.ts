/**
 * The state directory of a host of a fleet holds only files of operations: nothing without the
 * fleet may remove them.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { prepareStateDir } from "../../../daemon/store/directories.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { newId } from "../../../protocol/id.js";
import { TestDaemon } from "../../harness/daemon.js";
import { useDirectories } from "../../harness/temporary.js";

/** Makes a state directory with the run files of an operation that only the fleet knows. */
function hostDirectory(root: string): string {
  const layout = layoutOf(root);
  prepareStateDir(layout);
  mkdirSync(layout.engine);
  writeFileSync(join(layout.engine, "lease"), '{"deadline":0,"session":1}\n');
  const attempt = join(layout.runs, newId(), "1");
  mkdirSync(attempt, { recursive: true });
  writeFileSync(join(attempt, "events.ndjson"), "");
  return attempt;
}

const directory = useDirectories();

test("a daemon without the fleet does not start there", async () => {
  const stateDir = join(directory(), "state");
  const attempt = hostDirectory(stateDir);
  const daemon = TestDaemon.prepare({ stateDir });
  try {
    await expect(daemon.startAgain()).rejects.toThrow(
      /are in another engine: start the daemon with the options/,
    );
    expect(existsSync(attempt)).toBe(true);
  } finally {
    await daemon.kill();
    await daemon.world.close();
  }
});
