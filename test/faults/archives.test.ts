/** Archives and manifests crafted to hang, exhaust or mislead the operation that reads them. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { manifestFile } from "../../ops/features/archive/naming.js";
import { TarReader } from "../../ops/features/archive/tar-read.js";
import {
  base256,
  END_OF_ARCHIVE,
  extendedHeader,
  headerBlock,
  octal,
  padded,
  record,
  writeArchive,
} from "../features/archive/tar-blocks.js";
import { withinTime } from "../harness/interrupt.js";
import { World } from "../harness/world.js";
import { runBin } from "./run-bin.js";
import { record as tally } from "./tally.js";

/** A command on a busy machine takes some seconds. A reader that loops takes for ever. */
const DEADLINE_MS = 20_000;

let world: World;
beforeAll(() => {
  world = new World();
});
afterAll(() => world.close());

let count = 0;
function archiveOf(...parts: Buffer[]): string {
  const file = join(world.dir, `a-${++count}.tar.gz`);
  writeArchive(file, Buffer.concat([...parts, END_OF_ARCHIVE]));
  return file;
}

/** Reads the blocks as `verify-backup` does. */
function read(parts: Buffer[]): void {
  const reader = new TarReader({ entry: () => {}, data: () => {}, end: () => {} });
  withinTime(DEADLINE_MS, () => {
    for (const part of parts) reader.write(part);
    reader.end();
  });
}

/** Verifies the archive by the command; what the command says on stderr. */
async function refused(archive: string, env: Record<string, string> = {}): Promise<string> {
  const words = ["run", "verify-backup", `archive=${archive}`];
  const { code, stderr } = await runBin(world, "liveops", words, { deadline: DEADLINE_MS, env });
  expect({ code, stderr }).toMatchObject({ code: 1 });
  tally({ fault: "crafted archives", injected: 1, survived: 1, lost: 0, duplicated: 0 });
  return stderr;
}

const file = headerBlock({ size: octal(5) });
const body = padded(Buffer.from("hello"));
/** An extended header that is valid but for the records, before a file of five bytes. */
const extended = (records: string) => [extendedHeader(records), file, body];

const DAMAGED: Array<[what: string, parts: Buffer[], reason: RegExp]> = [
  ["a negative pax size", extended(record("size", "-512")), /the size -512 \(at byte 1024 /],
  ["a pax size that is not an integer", extended(record("size", "0.5")), /the size 0\.5 /],
  ["a pax size in hexadecimal", extended(record("size", "0x200")), /the size 0x200 /],
  ["a pax size without digits", extended(record("size", "")), /the size +\(at byte 1024 /],
  ["a pax size over what a number holds", extended(record("size", "9".repeat(30))), /the size 1e\+30 /],
  [
    "a pax size over what is left",
    extended(record("size", "9000000000")),
    /the archive is truncated \(at byte/,
  ],
  [
    "a pax record of a thousandth of a byte",
    extended("0.001 a=b\n"),
    /an extended header is damaged \(at byte 0 /,
  ],
  ["a pax record of a length in exponents", extended("1e-9 a=b\n"), /an extended header is damaged/],
  ["a pax record without a length", extended(`${record("a", "b")}a=b\n`), /an extended header is damaged/],
  ["a pax record that reaches over its end", extended("99 a=b\n"), /an extended header is damaged/],
  ["a negative base-256 size", [headerBlock({ size: base256(-512n) })], /no valid size \(at byte 0 /],
  [
    "a base-256 size over what a number holds",
    [headerBlock({ size: base256(2n ** 80n) })],
    /header is damaged: .*safe integer/,
  ],
  [
    "a base-256 size of 8 EiB less one",
    [headerBlock({ size: base256(2n ** 53n - 1n) })],
    /the archive is truncated/,
  ],
  ["an octal size that is no number", [headerBlock({ size: "many\0" })], /no valid size/],
  [
    "an extended header of 8 GiB",
    [headerBlock({ type: "x", size: base256(2n ** 33n) })],
    /claims 8589934592 bytes/,
  ],
];

test.each(DAMAGED)("an archive with %s is an error that says where", (_, parts, reason) => {
  expect(() => read([...parts, END_OF_ARCHIVE])).toThrow(reason);
});

test("verify-backup names the archive and the place of a number that would make it loop", async () => {
  for (const records of [record("size", "-512"), "0.001 a=b\n"]) {
    const archive = archiveOf(...extended(records));
    expect(await refused(archive)).toMatch(
      new RegExp(`${archive} is damaged: an extended header .* \\(at byte \\d+ `),
    );
  }
});

test("a path of a million slashes takes no longer than another", () => {
  const path = `${"/".repeat(1_000_000)}a`;
  read([extendedHeader(record("path", path)), headerBlock({ type: "5", name: "a/" }), END_OF_ARCHIVE]);
});

test("entries that no manifest names do not fill the memory", async () => {
  // The first 200 differences are logged: short names. The others take 120 MB where they are kept.
  const short = Array.from({ length: 200 }, (_, n) => headerBlock({ name: `a${n}` }));
  const long = Array.from({ length: 120 }, (_, n) =>
    Buffer.concat([extendedHeader(record("path", `${"x".repeat(1_000_000)}${n}`)), headerBlock({})]),
  );
  const archive = archiveOf(...short, ...long);
  const said = await refused(archive, { NODE_OPTIONS: "--max-old-space-size=64" });
  expect(said).toContain("0 missing, 320 extra");
}, 60_000);

test("a named pipe in the manifest's place is an error, for a check and for the next backup", async () => {
  const target = join(world.dir, "target");
  const source = join(world.dir, "source");
  for (const dir of [target, source]) mkdirSync(dir);
  const archive = join(target, "source-20260101T000000000Z.tar.gz");
  writeArchive(archive, END_OF_ARCHIVE);
  rmSync(manifestFile(archive));
  execFileSync("mkfifo", [manifestFile(archive)]);
  expect(await refused(archive)).toContain("there is no manifest");
  const words = ["run", "backup", `source=${source}`, `target=${target}`];
  expect(await runBin(world, "liveops", words, { deadline: DEADLINE_MS })).toMatchObject({ code: 0 });
});

test("a manifest without line ends is an error, whatever its size", async () => {
  const archive = archiveOf();
  writeFileSync(manifestFile(archive), Buffer.alloc(64 * 1024 * 1024, "x"));
  expect(await refused(archive)).toContain(
    `${archive} is damaged: a line of the manifest is longer than 1048576 bytes`,
  );
});

test("times that no calendar holds give an archive that tar lists and verify-backup accepts", {
  tags: ["tar"],
}, async () => {
  const source = join(world.dir, "odd-times");
  const target = join(world.dir, "odd-times-target");
  mkdirSync(source);
  for (const [name, seconds] of [
    ["far", "9223372036854775807"],
    ["early", "-5000000000000"],
    ["line\nfeed", "-1"],
  ] as const) {
    writeFileSync(join(source, name), name);
    // A file system that does not hold the time takes the nearest, or leaves the time of now.
    spawnSync("touch", ["-d", `@${seconds}`, join(source, name)]);
  }
  const words = ["run", "backup", `source=${source}`, `target=${target}`];
  expect(await runBin(world, "liveops", words, { deadline: DEADLINE_MS })).toMatchObject({ code: 0 });
  const [archive] = readdirSync(target).filter((name) => name.endsWith(".tar.gz"));
  const listed = spawnSync("tar", ["tzf", join(target, archive!)], { encoding: "utf8" });
  expect({ status: listed.status, stderr: listed.stderr }).toEqual({
    status: 0,
    stderr: expect.not.stringContaining("NaN"),
  });
  expect(listed.stdout.split("\n").sort()).toEqual([
    "",
    "odd-times/",
    "odd-times/early",
    "odd-times/far",
    "odd-times/line\\nfeed",
  ]);
});
