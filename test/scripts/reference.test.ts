/** The table of completion and the man pages agree with the command trees, and dist/ has both. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Help } from "commander";
import { expect, test } from "vitest";
import { completionTable } from "../../scripts/reference/completion-table.js";
import { manPages } from "../../scripts/reference/man-pages.js";
import { openapi } from "../../scripts/reference/openapi.js";
import { programs } from "../../scripts/reference/programs.js";
import type { CommandEntry } from "../../tui/kit/command-table.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const trees = await programs();

test("dist/completion.json has every command, option and argument of the trees", () => {
  const built: CommandEntry[] = JSON.parse(
    readFileSync(join(root, "dist/completion.json"), "utf8"),
  );
  expect(built).toEqual(JSON.parse(JSON.stringify(completionTable(trees))));
  const check = (entry: CommandEntry | undefined, command: Command) => {
    // Those that the short help of the command leaves out, too.
    const options = new Help().visibleOptions(command).map(({ long, short }) => long ?? short);
    expect(entry?.options.map(({ names }) => names[0]).sort()).toEqual(options.sort());
    expect(entry?.arguments).toHaveLength(command.registeredArguments.length);
    for (const sub of command.commands)
      check(
        entry?.commands.find(({ name }) => name === sub.name()),
        sub,
      );
  };
  for (const [i, tree] of trees.entries()) check(built[i], tree);
});

test("dist/openapi.json has every route", () => {
  const built: unknown = JSON.parse(readFileSync(join(root, "dist/openapi.json"), "utf8"));
  expect(built).toEqual(JSON.parse(JSON.stringify(openapi())));
});

test("the options whose values are not completed are free text", () => {
  const free = new Set<string>();
  const visit = ({ options, commands }: CommandEntry) => {
    for (const { names, value } of options) if (value?.of === "text") free.add(names[0]!);
    commands.forEach(visit);
  };
  completionTable(trees).forEach(visit);
  expect(
    [...free].sort(),
    "give a new option its values in completion-table.ts, or list it below",
  ).toEqual(FREE.sort());
});

/** Numbers, times, texts, new names and addresses. `--host` is that of `liveops start`. */
const FREE = [
  "--allow",
  "--at",
  "--concurrency",
  "--env",
  "--fleet",
  "--grep",
  "--host",
  "--if-absent",
  "--in",
  "--key",
  "--label",
  "--limit",
  "--lines",
  "--metrics",
  "--name",
  "--older-than",
  "--output",
  "--params",
  "--priority",
  "--session",
  "--step",
  "--timeout",
];

test("a page for each program and each command, all in package.json", () => {
  const pages = Object.keys(manPages(trees, "2026-01-01")).sort();
  expect(pages).toContain("man/liveops-submit.1");
  expect(pages).toContain("man/liveops-tui.1");
  expect(pages).toContain("man/liveopsd.1");
  const { man } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(man, "list the page of a new command under man in package.json").toEqual(
    pages.map((page) => `./dist/${page}`),
  );
  expect(readdirSync(join(root, "dist/man")).sort()).toEqual(
    pages.map((page) => page.slice("man/".length)),
  );
});

test("mandoc finds no fault in a page", { tags: ["mandoc"] }, () => {
  const dir = join(root, "dist/man");
  // Fails with the faults on stdout.
  execFileSync("mandoc", ["-Tlint", "-Wwarning", ...readdirSync(dir)], { cwd: dir, stdio: "pipe" });
});

test("a page has the options, the examples and the subcommands of its command", () => {
  const page = manPages(trees, "2026-01-01")["man/liveops-schedule.1"]!;
  for (const text of ['.SH "SCHEDULE ADD"', ".B \\-\\-catchup <what>", ".B liveops schedule add"])
    expect(page).toContain(text);
});
