/** Which directory counts as a copy: by device, inode and boot of the record in it. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { bootId } from "../../../daemon/os/process-identity.js";
import { CopiedState } from "../../../daemon/recovery/copied-state.js";
import type { Entry } from "../../../daemon/store/decision.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { Ledger } from "../../../daemon/store/ledger.js";
import { directoryIdentity } from "../../../protocol/system/lock-owner.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

function queuedAt(n: number): Entry {
  return { record: { state: "queued" }, queuedAt: n, run: null } as unknown as Entry;
}

const ledger = new Ledger();
ledger.entries.set("three", queuedAt(3));
const STORE = { ledger, journalNumber: 5 };

/** Whether an operation that was queued before the record is held. */
function holdsAfter(record: unknown): boolean {
  const layout = layoutOf(directory());
  if (record !== undefined)
    writeFileSync(layout.directory, typeof record === "string" ? record : JSON.stringify(record));
  const copied = new CopiedState(layout);
  copied.recognise(STORE, false);
  const now = JSON.parse(readFileSync(layout.directory, "utf8"));
  expect(now).toMatchObject({
    path: layout.root,
    directory: directoryIdentity(layout.root),
    bootId: bootId(),
  });
  expect(copied.holds(queuedAt(6))).toBe(false);
  return copied.holds(queuedAt(3));
}

test("another inode is a copy, whatever the boot", () => {
  for (const boot of [bootId(), "another boot"])
    expect(holdsAfter({ path: "/original", directory: "1:2", bootId: boot })).toBe(true);
});

test("without a record, or with one that cannot be read, it is no copy", () => {
  for (const record of [undefined, "", "{", "{}", '{"path":1,"directory":2}'])
    expect(holdsAfter(record)).toBe(false);
});

test("a restart of the machine may change the device number; the same boot does not", () => {
  const layout = layoutOf(directory());
  const [, inode] = directoryIdentity(layout.root)!.split(":");
  for (const [boot, isCopy] of [
    ["another boot", false],
    [bootId(), true],
  ] as const) {
    writeFileSync(
      layout.directory,
      JSON.stringify({ path: "/before", directory: `999:${inode}`, bootId: boot }),
    );
    const copied = new CopiedState(layout);
    copied.recognise(STORE, false);
    expect(copied.holds(queuedAt(3)), boot ?? "").toBe(isCopy);
  }
});

test("a copy of a copy holds what was queued in both", () => {
  const copy = { of: "/first", since: new Date().toISOString(), lastNumber: 2 };
  const layout = layoutOf(directory());
  writeFileSync(
    layout.directory,
    JSON.stringify({ path: "/second", directory: "1:2", bootId: bootId(), copy }),
  );
  const copied = new CopiedState(layout);
  copied.recognise(STORE, false);
  expect(copied.original).toBe("/second");
  expect([copied.holds(queuedAt(1)), copied.holds(queuedAt(5))]).toEqual([true, true]);
});
