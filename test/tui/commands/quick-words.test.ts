/** Law: where the quick reading of `submit`, `ls` or `run` answers, commander reads the same. */
import { Command } from "commander";
import fc from "fast-check";
import { expect, test } from "vitest";
import { registerLs } from "../../../tui/commands/ls/command.js";
import { quickList } from "../../../tui/commands/ls/quick.js";
import { registerRun } from "../../../tui/commands/run/command.js";
import { quickRun } from "../../../tui/commands/run/quick.js";
import { registerSubmit } from "../../../tui/commands/submit/command.js";
import { quickWords } from "../../../tui/commands/submit/quick-words.js";

const word = fc.oneof(
  fc.constantFrom(
    "shell",
    "a=1",
    "b:=[2]",
    "-",
    "",
    "--",
    "--json",
    "--label",
    "--params",
    "--socket",
    "--state-dir",
    "--state",
    "--op",
    "--limit",
    "--ops",
  ),
  fc.constantFrom(
    "--wait",
    "--follow",
    "--help",
    "--version",
    "-h",
    "-x",
    "--unknown",
    "--label=x",
    "--json=1",
    "--no-json",
  ),
  fc.string({ maxLength: 5 }),
);

/** What commander makes of the words before `--`; null where it refuses them. */
function byCommander(words: string[], register: (root: Command) => void): unknown {
  const root = new Command("liveops").exitOverride().enablePositionalOptions();
  register(root);
  const command = root.commands[0]!.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  let read: unknown = null;
  command.action((...given: unknown[]) => {
    const [op, set, options] = given.length > 2 ? given : [undefined, undefined, given[0]];
    read = { op, set, options };
  });
  try {
    root.parse(words, { from: "user" });
    return read;
  } catch {
    return null;
  }
}

test.each([
  ["submit", quickWords, registerSubmit],
  ["run", quickRun, registerRun],
] as const)("quick and commander read the same: %s", (name, quickly, register) => {
  let answered = 0;
  fc.assert(
    fc.property(fc.array(word, { maxLength: 7 }), (rest) => {
      const words = [name, ...rest];
      const quick = quickly(words);
      if (quick === null) return;
      answered++;
      const cut = words.indexOf("--");
      const { trailing, ...read } = quick;
      expect(byCommander(cut === -1 ? words : words.slice(0, cut), register)).toEqual(read);
      expect(trailing).toEqual(cut === -1 ? undefined : words.slice(cut + 1));
    }),
    { numRuns: 3000 },
  );
  expect(answered).toBeGreaterThan(100);
});

test("of ls too", () => {
  let answered = 0;
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (rest) => {
      const options = quickList(["ls", ...rest]);
      if (options === null) return;
      answered++;
      expect(byCommander(["ls", ...rest], registerLs)).toEqual({ options });
    }),
    { numRuns: 3000 },
  );
  expect(answered).toBeGreaterThan(100);
});

test.each([["ls --help"], ["ls more"], ["ls --"], ["ls --wait"], ["ls --limit"], ["submit"]])(
  "%j is left to commander by ls",
  (line) => {
    expect(quickList(line.split(" "))).toBeNull();
  },
);

test.each([
  ["submit"],
  ["submit --"],
  ["submit shell --wait"],
  ["submit shell --follow"],
  ["submit --help"],
  ["ls"],
  [""],
  ["run"],
  ["run --"],
  ["run --help"],
  ["run shell --wait"],
  ["--socket x run shell"],
])("%j is left to commander", (line) => {
  expect(quickWords(line.split(" "))).toBeNull();
  expect(quickRun(line.split(" "))).toBeNull();
});
