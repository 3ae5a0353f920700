/** The list of operation files: each file that comes or goes is seen at the next look. */
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { Sources } from "../../../daemon/loader/sources.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();
afterEach(() => {
  vi.useRealTimers();
});

test("files that come and go right after one another are all seen", () => {
  const dir = directory();
  const sources = new Sources([dir]);
  expect(sources.look()).toBe(true);
  expect(sources.look()).toBe(false);
  for (let n = 0; n < 50; n++) {
    writeFileSync(join(dir, `op-${n}.mjs`), "");
    expect(sources.look()).toBe(true);
    expect(sources.files).toHaveLength(n + 1);
    expect(sources.look()).toBe(false);
  }
  for (let n = 0; n < 50; n++) {
    rmSync(join(dir, `op-${n}.mjs`));
    expect(sources.look()).toBe(true);
  }
  expect(sources.files).toEqual([]);
});

test("a file is seen in a directory that had not changed for long", () => {
  const dir = directory();
  const sources = new Sources([dir]);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  sources.look();
  expect(sources.look()).toBe(false);
  writeFileSync(join(dir, "op.mjs"), "");
  expect(sources.look()).toBe(true);
  expect(sources.files).toEqual([join(dir, "op.mjs")]);
  chmodSync(dir, 0o777);
  expect(sources.look()).toBe(true);
  expect(sources.unread).toHaveLength(1);
});
