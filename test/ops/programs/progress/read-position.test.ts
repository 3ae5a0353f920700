/** How far real programs have read their files. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ReadPositions } from "../../../../ops/programs/progress/read-position.js";
import { temporary } from "../../temporary.js";

const MIB = 1024 * 1024;
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});

function large(name: string, mib: number): string {
  const file = join(temporary(), name);
  writeFileSync(file, "");
  truncateSync(file, mib * MIB);
  return file;
}

/** A program that does one step for each line, and looks of `ReadPositions` after each step. */
function steps(program: string, ...args: string[]) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  running.push(child);
  const positions = new ReadPositions(child.pid!);
  return async (step: string) => {
    child.stdin.write(`${step}\n`);
    await once(child.stdout, "data");
    return positions.look();
  };
}

/** Opens files for reading, or for both with `+`; reads MiBs or seeks in the last one. */
const PERL = `$| = 1; while (<STDIN>) { my ($do, $what) = split; 
  if ($do eq "open") { undef $f; open($f, "<", $what) or die; push @all, $f }
  if ($do eq "both") { open(my $w, "+<", $what) or die; push @all, $w }
  if ($do eq "read") { sysread($f, $x, $what * 1048576) == $what * 1048576 or die }
  if ($do eq "seek") { sysseek($f, $what * 1048576, 0) or die }
  print "ok\n" }`;

it("is the position in the largest file that moves forward", { tags: ["perl"] }, async () => {
  const [small, big] = [large("small.bin", 8), large("big.bin", 64)];
  const step = steps("perl", "-e", PERL);
  expect(await step(`open ${small}`)).toBeNull();
  expect(await step("read 2")).toMatchObject({
    name: "small.bin",
    position: 2 * MIB,
    size: 8 * MIB,
  });
  await step(`open ${big}`);
  expect(await step("read 16")).toMatchObject({
    path: big,
    name: "big.bin",
    position: 16 * MIB,
    size: 64 * MIB,
  });
  // Over the beginning of the file again: it is not read in order.
  expect(await step("seek 1")).toMatchObject({ name: "small.bin" });
  expect(await step("read 30")).toMatchObject({ name: "small.bin" });
});

it("is none for a file that the program also writes, and for a small one", {
  tags: ["perl"],
}, async () => {
  const [file, little] = [large("data.db", 8), large("little", 0.5)];
  const step = steps("perl", "-e", PERL);
  await step(`both ${file}`);
  await step(`open ${file}`);
  expect(await step("read 2")).toBeNull();
  await step(`open ${little}`);
  expect(await step("read 0.25")).toBeNull();
});

it("is that of a child too, and none for a file that the program maps", {
  tags: ["perl"],
}, async () => {
  const file = large("child.bin", 8);
  const child = steps("sh", "-c", `perl -e '${PERL}'; :`);
  await child(`open ${file}`);
  expect(await child("read 1")).toMatchObject({ name: "child.bin" });
  const node = `const fs = require("node:fs"); const fd = fs.openSync(process.execPath, "r");
    process.stdin.on("data", () => { fs.readSync(fd, Buffer.alloc(1048576)); console.log("ok"); });`;
  const mapped = steps(process.execPath, "-e", node);
  await mapped("read");
  expect(await mapped("read")).toBeNull();
});

it("is none for a program that has ended", async () => {
  const child = spawn("true");
  await once(child, "exit");
  expect(new ReadPositions(child.pid!).look()).toBeNull();
});
