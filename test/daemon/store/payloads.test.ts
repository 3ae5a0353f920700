/** The files of large values at the start of a daemon. */
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Payloads } from "../../../daemon/store/payloads.js";
import type { Submission } from "../../../protocol/event.js";
import { temporaryDirectory } from "../../harness/temporary.js";

const LARGE = { text: "x".repeat(40_000) };

function started(dir: string): Payloads {
  const payloads = new Payloads(dir, (error) => {
    throw error;
  });
  payloads.start();
  return payloads;
}

test("an orphan of a dead daemon goes; a file that is written again before a decision names it stays", async () => {
  await using dir = temporaryDirectory();
  for (const id of ["orphan", "successor"]) writeFileSync(join(dir.path, `${id}.params.json`), "{}\n");
  const payloads = started(dir.path);
  const removed = payloads.removeOrphans(async (id) => {
    // The finish that the dead daemon did not record is repeated while the orphans are looked at.
    if (id === "orphan")
      await payloads.keepParams([{ operation: { id: "successor", params: LARGE } as unknown as Submission }]);
    return false;
  });
  await removed;
  expect(readdirSync(dir.path)).toEqual(["successor.params.json"]);
  expect(payloads.read("successor", "params")).toEqual(LARGE);
});

test("a value that is written while its id is looked up stays", async () => {
  await using dir = temporaryDirectory();
  writeFileSync(join(dir.path, "successor.params.json"), "{}\n");
  const payloads = started(dir.path);
  await payloads.removeOrphans(async (id) => {
    await payloads.keepParams([{ operation: { id, params: LARGE } as unknown as Submission }]);
    return false;
  });
  expect(existsSync(join(dir.path, "successor.params.json"))).toBe(true);
});
