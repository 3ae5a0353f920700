/** Help, version and wrong usage, the same for every command. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { commandTree } from "../../../tui/cli/commands.js";
import { daemonTree, SHARED_COMMANDS } from "../../../tui/cli/liveopsd/commands.js";
import { isAdvanced, isGlobal } from "../../../tui/kit/options.js";
import { useCli } from "./cli.js";

const cli = useCli();

const NAMES = [
  "submit",
  "run",
  "ls",
  "show",
  "watch",
  "logs",
  "wait",
  "cancel",
  "retry",
  "rm",
  "ops",
  "new",
  "tui",
];

/** The help of a command, as its bin prints it. */
function helpOf(tree: Command, name: string): string {
  const command = tree.commands.find((each) => each.name() === name)!;
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  return help;
}

test("a bin prints the help of its command", async () => {
  const { code, stdout, stderr } = await cli.run(["ls", "--help"]);
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: helpOf(await commandTree(), "ls"),
    stderr: "",
  });
});

test.each(NAMES)("%s --help has an example and the options all have", async (name) => {
  const help = helpOf(await commandTree(), name);
  expect(help).toContain(`$ liveops ${name}`);
  const [own, global] = help.split("\nGlobal options:\n");
  for (const option of ["--socket", "--state-dir", "--help", "--version"]) {
    expect(own).not.toContain(`  ${option} `);
    expect(global).toContain(option);
  }
});

const GROUPS = ["Run", "Look", "Change", "Plan", "Share", "Set up"];

/** The headings of a help text, and the names below each. */
function listed(help: string): Map<string, string[]> {
  const lists = new Map<string, string[]>();
  for (const part of help.split(/^(?=\w[\w ]*:$)/m)) {
    const heading = /^(\w[\w ]*):$/m.exec(part)?.[1];
    const names = [...part.matchAll(/^ {2}(\S+(?: \S+)?) {2,}\S/gm)].map((match) => match[1]!);
    if (heading !== undefined) lists.set(heading, names);
  }
  return lists;
}

test.each([[["--help"]], [["-h"]], [["help"]]])(
  "%j lists the commands of every day in groups",
  async (words) => {
    const { code, stdout } = await cli.here(words);
    expect(code).toBe(0);
    const lists = listed(stdout);
    expect([...lists.keys()]).toEqual(["Run", "Look", "Manage", "Examples"]);
    expect(lists.get("Look")).toEqual(expect.arrayContaining(["tui", "ls", "show", "logs"]));
    expect([...lists.values()].flat()).toHaveLength(14);
    expect(stdout).toContain("liveops help all lists every command");
  },
);

test("the help names the index of the documentation", async () => {
  for (const words of [["--help"], ["help", "all"]]) {
    const [, file] = /^Documentation: (\S+)$/m.exec((await cli.here(words)).stdout) ?? [];
    expect(existsSync(file ?? ""), file).toBe(true);
  }
});

test("help all lists every command and subcommand, and the global options", async () => {
  const { code, stdout } = await cli.here(["help", "all"]);
  expect(code).toBe(0);
  const lists = listed(stdout);
  expect([...lists.keys()]).toEqual(["Global options", ...GROUPS, "Examples"]);
  const names = (await commandTree()).commands.flatMap((command) => [
    command.name(),
    ...command.commands.map((sub) => `${command.name()} ${sub.name()}`),
  ]);
  expect(GROUPS.flatMap((group) => lists.get(group)!).sort()).toEqual(names.sort());
});

test("a help has the options of every day, and with all those that few need", async () => {
  const short = (await cli.here(["submit", "--help"])).stdout;
  expect(short).toMatch(/^--help all has \d+ more options\.$/m);
  expect(short).not.toContain("  --each ");
  const help = (await cli.here(["submit", "--help", "all"])).stdout;
  const [everyday = "", advanced = ""] = help.split("\nAdvanced options:\n");
  const options = everyday.slice(everyday.indexOf("\nOptions:\n")).match(/^ {2}--\S+/gm);
  expect(options).toHaveLength(8);
  expect(everyday).toContain("  --wait ");
  expect(advanced.indexOf("  --each ")).toBeLessThan(advanced.indexOf("\nGlobal options:\n"));
  for (const command of (await commandTree()).commands) {
    const own = command.options.filter(
      (option) => !isGlobal(option) && !isAdvanced(option) && !option.hidden,
    );
    expect(own.length, command.name()).toBeLessThan(11);
  }
});

test.each([
  ["liveops", ["--version"]],
  ["liveops", ["ls", "--version"]],
  ["liveops", ["submit", "--version"]],
  ["liveopsd", ["--version"]],
])("%s %j prints the version", async (bin, words) => {
  const { code, stdout } = await cli.run(words, { bin });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([
  [["submit", "shell", "make", "-j4"], "liveops submit shell -- make -j4"],
  [["submit", "shell", "make", "-j4", "--", "foo"], "liveops submit shell -- make -j4 -- foo"],
  [["run", "shell", "make", "-j4"], "liveops run shell -- make -j4"],
  [
    ["submit", "--label", "my build", "shell", "grace=1", "make", "-j4"],
    "liveops submit --label 'my build' shell grace=1 -- make -j4",
  ],
])("%j names the command line to type", async (words, line) => {
  const { code, stderr } = await cli.here(words);
  expect(code).toBe(2);
  expect(stderr).toContain("unknown option '-j4'");
  expect(stderr).toContain(`to run a command with its options, put -- before it: ${line}\n`);
});

test.each([
  [["submit", "backup", "--folow"]],
  [["submit", "backup", "source=.", "-x"]],
  [["submit", "shell", "--folow", "--", "make"]],
  [["submit", "shell", "--", "make", "-j4", "--x"]],
])("%j does not", async (words) => {
  expect((await cli.here(words)).stderr).not.toContain("put --");
});

test.each([
  [["submit", "./build.sh", "--fast", "a b"], "liveops submit -- ./build.sh --fast 'a b'"],
  [["submit", "sh", "-c", "exit 3"], "liveops submit -- sh -c 'exit 3'"],
  [["run", "./build.sh", "a"], "liveops run -- ./build.sh a"],
])("%j names the command line that runs the program", async (words, line) => {
  writeFileSync(join(cli.dir, "build.sh"), "#!/bin/sh\n");
  const { code, stdout, stderr } = await cli.here(words);
  expect({ code: code === 4 ? 2 : code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(/to run (a|the) program: /);
  expect(stderr).toContain(`program: ${line}\n`);
});

test.each([
  [["sumbit"], "Did you mean submit?"],
  [["help", "sumbit"], "unknown command 'sumbit'\n(Did you mean submit?)\nTry: liveops --help\n"],
  [["--state-dir", "/x", "help", "nope"], "unknown command 'nope'"],
  [
    ["schema", "conf"],
    '"conf" is not the name of a schema; did you mean config? valid names: config, pipeline\n',
  ],
  [["ls", "--jsn"], "Did you mean --json?"],
  [["cancel"], "give the ids of the operations to cancel"],
  [["cancel"], "for a list that may be empty: xargs -r liveops cancel"],
  [["wait", "abc", "--all"], "give ids, or options that select operations, not both"],
  [["logs", "--grep", "("], '"(" is not a valid regular expression: Unterminated group'],
  [["show", "a", "b"], "too many arguments"],
  [["stop", "k3f"], "too many arguments"],
  [["ls", "--state", "runing"], "did you mean running?"],
  [["ls", "--limit", "none"], "--limit"],
  [["wait", "abc", "--timeout", "soon"], "is not a duration; give 30, 30s, 10m or 1h30m"],
  [["submit", "shell", "--in", "999999999999d"], '--in: "999999999999d" is longer than 36500d'],
  [["wait", "abc", "--timeout", "99999d"], '--timeout: "99999d" is longer than 36500d'],
  [["logs", "-n", "x"], "-n"],
  [["retry", "abc", "--output", "x=1"], "It follows --done: --done Build --output x=1"],
  [
    ["retry", "--all", "--done", "Build"],
    "--done, --params and name=value are for one operation: give one id",
  ],
  [["rm"], "--finished"],
  [["rm", "abc", "--finished"], "give ids, or options that select operations, not both"],
  [["new", "../x"], "is not a valid operation name"],
  [["submit"], "the operation type is missing"],
  [
    ["submit", "shell", "--label", "x".repeat(201), "--", "true"],
    "--label has 201 characters; the limit is 200",
  ],
  [
    ["run", "shell", "--label", "x".repeat(201), "--", "true"],
    "--label has 201 characters; the limit is 200",
  ],
  [["submit", "a\x1bb", "--\x1b[31m"], "\\x1b[31m"],
  [[], "Usage"],
])("%j is wrong usage: exit 2, on stderr", async (words, said) => {
  const { code, stdout, stderr } = await cli.here(words, {
    env: { LIVEOPS_SOCKET: "/nowhere/at/all" },
  });
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(said);
  expect(stderr).not.toContain("\x1b");
});

test.each([[["ls"]], [["ops"]], [["watch"]]])(
  "%j without a daemon: exit 3 and what starts it",
  async (words) => {
    const { code, stdout, stderr } = await cli.here([...words, "--state-dir", "/nowhere/x y"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("liveops start --state-dir '/nowhere/x y'");
  },
);

test("a command on the daemon is the same in both bins", async () => {
  const trees = [await commandTree(), await daemonTree()];
  for (const name of Object.keys(SHARED_COMMANDS)) {
    const [own, shared] = trees.map((tree) => helpOf(tree, name).replace(/^Usage: \w+/, ""));
    expect(own).toBe(shared);
  }
  expect(Object.keys(SHARED_COMMANDS)).toEqual(
    expect.arrayContaining(["start", "stop", "restart", "install"]),
  );
});

test("liveops stop and drain work with the daemon", async () => {
  const stateDir = join(cli.dir, "no-daemon");
  const run = (...words: string[]) => cli.here([...words, "--state-dir", stateDir]);
  expect(await run("stop")).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("no daemon was running"),
  });
  expect(await run("drain")).toMatchObject({ code: 3, stdout: "" });
});

test("liveopsd --help has examples", async () => {
  const { code, stdout } = await cli.here(["--help"], { bin: "liveopsd" });
  expect(code).toBe(0);
  expect(stdout).toContain("Examples:\n  $ liveopsd start\n");
});

test("liveops tui has the arguments and options of liveops-tui", async () => {
  const options = async (bin: string, words: string[]) => {
    const { stdout } = await cli.run([...words, "--help"], { bin });
    return stdout.slice(stdout.indexOf("Arguments:")).split(/\n\n(?!Options|Global)/)[0];
  };
  const inTui = await options("liveops-tui", []);
  expect(inTui).toContain("--screen-reader");
  const sorted = (text = "") => text.split("\n").sort();
  expect(sorted(await options("liveops", ["tui"]))).toEqual(sorted(inTui));
});

test("a broken config file is named, and the command goes on", async () => {
  const { code, stderr } = await cli.here(["ls"], { env: { LIVEOPS_CONFIG: cli.dir } });
  expect(code).toBe(3);
  expect(stderr).toContain("config file");
});
