/**
 * Commands where something around them is not as it should be: a clear error and its exit code, and
 * nobody hangs.
 */
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { shellQuote } from "../../protocol/text/shell-quote.js";
import { binFile } from "./bins.js";
import { useWorld } from "./world.js";

const world = useWorld({ daemon: false });

/** As typed in a shell, where `$liveops` and `$liveopsd` are the commands. */
function inShell(line: string): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const bins = ["liveops", "liveopsd"].map(
    (name) => `${name}="${shellQuote(process.execPath)} ${shellQuote(binFile(name))}"`,
  );
  return new Promise((resolve) => {
    const options = { cwd: world.work, env: world.env };
    execFile("/bin/sh", ["-c", `${bins.join("; ")}; ${line}`], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

const SHELL = "$liveops run shell -- echo hello";

describe("run", () => {
  test.each(["$PWD/missing", "/proc", "/etc/passwd"])("TMPDIR=%s is wrong usage", async (dir) => {
    const { code, stdout, stderr } = await inShell(`TMPDIR=${dir} ${SHELL}`);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^liveops: cannot create a temporary directory: .*\nset TMPDIR to .*\n$/,
    );
  });

  test("so is a directory that was removed", async () => {
    const { code, stderr } = await inShell(`mkdir gone; cd gone; rmdir ../gone; ${SHELL}`);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        "liveops: the current directory no longer exists; change to another directory and run again\n",
    });
  });

  test("output that the disk has no room for is said, and is no success", async () => {
    const { code, stderr } = await inShell(`${SHELL} >/dev/full`);
    expect(code, stderr).not.toBe(0);
    expect(stderr).toContain("liveops: the output cannot be written: ENOSPC");
  });

  test("a directory of operations that is not there is said", async () => {
    const { code, stderr } = await inShell("$liveops run --ops nowhere shell -- true");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "liveops: --ops nowhere: no such directory or file\n",
    });
  });

  test("parameters from a file may begin with the mark of their encoding", async () => {
    world.write("work/params.json", '\ufeff{"args": ["echo", "hello"]}');
    const { code, stdout } = await inShell("$liveops run shell --params @params.json");
    expect(code).toBe(0);
    expect(stdout).toContain("\nhello\n");
  });

  test("a pipe among the files of operations, or a link to one, is none of them", async () => {
    const ops = join(world.work, "pipes");
    mkdirSync(ops);
    execFileSync("mkfifo", [join(ops, "a.mjs")]);
    symlinkSync("a.mjs", join(ops, "b.mjs"));
    symlinkSync("nowhere.mjs", join(ops, "c.mjs"));
    const { code, stderr } = await inShell("$liveops run --ops pipes nothing");
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /^liveops: \S*c\.mjs does not load: [^\n]*\nliveops: No such operation type: /,
    );
    rmSync(ops, { recursive: true });
  });
});

test("a command whose words cannot be written keeps its exit code", async () => {
  expect((await inShell("$liveops ls 2>/dev/full")).code).toBe(3);
  expect((await inShell("$liveops run nothing 2>/dev/full")).code).toBe(4);
  expect((await inShell("$liveops start --state-dir s 2>/dev/full")).code).toBe(0);
  expect((await inShell("$liveops stop --state-dir s 2>/dev/full")).code).toBe(0);
});

test.each([
  ["--state-dir /proc/nobody/here", "/proc/nobody/here cannot be created"],
  ["--foreground --state-dir /dev/null", "/dev/null cannot be created"],
  ["--foreground --socket /proc/nobody/here.sock", "/proc/nobody cannot be created"],
  ["--socket /dev/null/here.sock", "/dev/null"],
])("a start with %s is wrong usage", async (flags, says) => {
  const { code, stderr } = await inShell(`$liveops start ${flags}`);
  expect(code, stderr).toBe(2);
  expect(stderr).toContain(`liveops: `);
  expect(stderr).toContain(says);
  expect(stderr).not.toMatch(/^ +at /m);
});

test("a stage with files runs also where its stamp cannot be kept, and it says so", async () => {
  const text = "stages: [{ name: A, needs: [build.yaml], run: cat build.yaml }]";
  const { code, stdout, stderr } = await inShell(
    `echo '${text}' >build.yaml; $liveops run build.yaml --state-dir /proc/nobody/here`,
  );
  expect(code, stderr).toBe(0);
  expect(stdout.match(/the stamp cannot be written, .*\/proc\/nobody/g)).toHaveLength(1);
});
