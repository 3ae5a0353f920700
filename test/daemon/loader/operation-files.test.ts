/** The list of operation files: each file that comes or goes is seen at the next look. */
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { OperationFiles } from "../../../daemon/loader/operation-files.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
afterEach(() => {
  vi.useRealTimers();
});

test("files that come and go right after one another are all seen", () => {
  const dir = directory();
  const files = new OperationFiles([dir]);
  expect(files.look(null)).toBe(true);
  expect(files.look(null)).toBe(false);
  for (let n = 0; n < 50; n++) {
    writeFileSync(join(dir, `op-${n}.mjs`), "");
    expect(files.look(null)).toBe(true);
    expect(files.look(null)).toBe(false);
  }
  for (let n = 0; n < 50; n++) {
    rmSync(join(dir, `op-${n}.mjs`));
    expect(files.look(null)).toBe(true);
  }
  expect(files.next()).toBeUndefined();
});

test("a file is seen in a directory that had not changed for long", () => {
  const dir = directory();
  const files = new OperationFiles([dir]);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  files.look(null);
  expect(files.look(null)).toBe(false);
  writeFileSync(join(dir, "op.mjs"), "");
  expect(files.look(null)).toBe(true);
  expect(files.next()).toBe(join(dir, "op.mjs"));
  chmodSync(dir, 0o777);
  expect(files.look(null)).toBe(true);
  expect(files.collected()).toMatchObject({ errors: [{ file: dir }], notLoaded: [{ op: "op" }] });
  expect(files.next()).toBeUndefined();
  chmodSync(dir, 0o700);
  files.look(null);
  expect(files.next()).toBe(join(dir, "op.mjs"));
});
