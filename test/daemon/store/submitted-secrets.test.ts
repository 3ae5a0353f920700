/** Values of secrets between submit and attempt: in memory, and in a tmpfs for the next daemon. */
import { mkdtempSync, readdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { SubmittedSecrets } from "../../../daemon/store/submitted-secrets.js";

const SECRETS = { "env:TOKEN": "value" };

/** A directory below `/dev/shm`, a tmpfs of every Linux. */
function runtime(): string {
  const dir = mkdtempSync("/dev/shm/liveops-test-");
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

function filesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

test("the next daemon of the same state directory finds them, in a file of this user alone", () => {
  const dir = runtime();
  new SubmittedSecrets(dir, "/state").put("abcdefghijkl", SECRETS);
  const [file = ""] = filesIn(dir);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(new SubmittedSecrets(dir, "/state").get("abcdefghijkl")).toEqual(SECRETS);
  expect(new SubmittedSecrets(dir, "/other").get("abcdefghijkl")).toBeUndefined();
});

test("later values are added, the next operation gets them, and a deleted one has none", () => {
  const dir = runtime();
  const secrets = new SubmittedSecrets(dir, "/state");
  secrets.put("aaaaaaaaaaaa", SECRETS);
  secrets.put("aaaaaaaaaaaa", { "prompt:pin": "1234" });
  secrets.put("aaaaaaaaaaaa", undefined);
  secrets.copy("aaaaaaaaaaaa", "bbbbbbbbbbbb");
  secrets.delete("aaaaaaaaaaaa");
  expect(secrets.get("aaaaaaaaaaaa")).toBeUndefined();
  expect(secrets.get("bbbbbbbbbbbb")).toEqual({ ...SECRETS, "prompt:pin": "1234" });
  const next = new SubmittedSecrets(dir, "/state");
  next.sweep((id) => id !== "bbbbbbbbbbbb");
  expect(filesIn(dir)).toEqual([]);
  expect(next.get("bbbbbbbbbbbb")).toBeUndefined();
});

test("those of a submit that is being recorded outlive the sweep, for the next daemon", () => {
  const dir = runtime();
  new SubmittedSecrets(dir, "/state").put("removed00000", SECRETS);
  const secrets = new SubmittedSecrets(dir, "/state");
  secrets.put("submitted000", SECRETS);
  secrets.sweep(() => false);
  const next = new SubmittedSecrets(dir, "/state");
  expect(next.get("submitted000")).toEqual(SECRETS);
  expect(next.get("removed00000")).toBeUndefined();
});

test("they are written to no disk, and stay in memory where no file can be written or removed", () => {
  const disk = mkdtempSync(join(tmpdir(), "liveops-test-"));
  onTestFinished(() => rmSync(disk, { recursive: true, force: true }));
  const TMPFS = 0x01021994;
  const onDisk = statfsSync(disk).type === TMPFS ? undefined : disk;
  const taken = runtime();
  writeFileSync(join(taken, "liveops"), "");
  for (const dir of [onDisk, join(disk, "missing"), taken, undefined]) {
    const secrets = new SubmittedSecrets(dir, "/state");
    secrets.put("abcdefghijkl", SECRETS);
    expect(secrets.get("abcdefghijkl")).toEqual(SECRETS);
    expect(new SubmittedSecrets(dir, "/state").get("abcdefghijkl")).toBeUndefined();
    secrets.delete("abcdefghijkl");
  }
  expect(filesIn(disk)).toEqual([]);
});
