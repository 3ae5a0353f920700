/** Law: where the quick reading of `submit` answers, commander reads the same. */
import { Command } from "commander";
import fc from "fast-check";
import { expect, test } from "vitest";
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
function byCommander(words: string[]): unknown {
  const root = new Command("liveops").exitOverride().enablePositionalOptions();
  registerSubmit(root);
  const command = root.commands[0]!.configureOutput({ writeErr: () => {}, writeOut: () => {} });
  let read: unknown = null;
  command.action((op: string, set: string[], options: object) => {
    read = { op, set, options };
  });
  try {
    root.parse(words, { from: "user" });
    return read;
  } catch {
    return null;
  }
}

test("quick and commander read the same", () => {
  let answered = 0;
  fc.assert(
    fc.property(fc.array(word, { maxLength: 7 }), (rest) => {
      const words = ["submit", ...rest];
      const quick = quickWords(words);
      if (quick === null) return;
      answered++;
      const cut = words.indexOf("--");
      const { trailing, ...read } = quick;
      expect(byCommander(cut === -1 ? words : words.slice(0, cut))).toEqual(read);
      expect(trailing).toEqual(cut === -1 ? undefined : words.slice(cut + 1));
    }),
    { numRuns: 3000 },
  );
  expect(answered).toBeGreaterThan(100);
});

test.each([
  ["submit"],
  ["submit --"],
  ["submit shell --wait"],
  ["submit shell --follow"],
  ["submit --help"],
  ["ls"],
  [""],
])("%j is left to commander", (line) => {
  expect(quickWords(line.split(" "))).toBeNull();
});
