/** Run files: what a reader asks for is brought, or is here already. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { attemptDir } from "../../daemon/store/layout.js";
import { newId } from "../../protocol/id.js";
import { describeSeam, type Opened } from "./implementations.js";

/** Writes run files as a worker of this host does. */
function write({ layout }: Opened, id: string, attempt: number): string {
  const dir = attemptDir(layout, id, attempt);
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "log.ndjson"), "what the worker wrote\n");
  return dir;
}

const filesIn = ({ layout }: Opened) => readdirSync(layout.runs, { recursive: true }).sort();

describeSeam("runs", (seam) => {
  test("to bring what is here changes nothing, for running and finished operations", async () => {
    const opened = await seam.open();
    const [running, done] = [await opened.submit(), await opened.submit()];
    const dirs: string[] = [];
    for (const id of [running, done]) {
      await opened.start(id);
      dirs.push(write(opened, id, 1));
    }
    await opened.finish(done, "failed");
    const before = filesIn(opened);
    await opened.runs.bring([running, done]);
    await Promise.all([opened.runs.bring([done]), opened.runs.bring([done, done])]);
    expect(filesIn(opened)).toEqual(before);
    for (const dir of dirs)
      expect(readFileSync(join(dir, "log.ndjson"), "utf8")).toBe("what the worker wrote\n");
  });

  test("to bring what is unknown, queued, removed or no id does no harm", async () => {
    const opened = await seam.open();
    const [queued, removed] = [await opened.submit(), await opened.finished("failed")];
    await opened.lifecycle.remove(removed);
    const before = filesIn(opened);
    await opened.runs.bring([]);
    await opened.runs.bring([newId(), queued, removed, "", "../x", "a".repeat(300)]);
    expect(filesIn(opened)).toEqual(before);
  });

  test("an operation without run files has none afterwards", async () => {
    const opened = await seam.open();
    const id = await opened.finished("failed");
    await opened.seal();
    const again = await seam.reopen(opened);
    await again.runs.bring([id]);
    expect(filesIn(again).filter((name) => String(name).endsWith(".ndjson"))).toEqual([]);
  });
});
