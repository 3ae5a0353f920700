/** What a log line says of itself: its level, and whether it tells of an error. */

/**
 * Words with which programs begin a line of this level; after a time or a bracket, or as a field.
 */
const WARNING = "warn(?:ing)?";
const ERROR = "err(?:or)?|fatal|critical|panic";
const LEVEL = new RegExp(
  `^(?:[\\d\\s:.,TZ/+-]*[[(<]?(${WARNING}|(${ERROR}))[\\])>:\\s]|.*\\blevel"?[=:]\\s?"?(${WARNING}|(${ERROR}))\\b)`,
  "i",
);
/** Characters in which a level is looked for. */
const LOOKED = 300;

/** The level that the program gave the line, where it is no ordinary one. */
export function levelOf(text: string): "warning" | "error" | null {
  const match = LEVEL.exec(text.slice(0, LOOKED));
  if (match === null) return null;
  return (match[2] ?? match[4]) === undefined ? "warning" : "error";
}

/**
 * How programs tell of an error without a level: test reports, stacks, compilers, shells, make,
 * npm. A line of a report that counts no failures does not match.
 */
const TOLD = new RegExp(
  [
    "^\\s*(?:not ok\\b|FAIL(?:ED|URE)?\\b|[✗✘\u2716×]\\s|Traceback \\(most recent|npm (?:ERR!|error)|E\\s{2,}\\S|--- FAIL)",
    "^\\s*(?:Uncaught |thread '[^']*' panicked|Caused by:|(?:[\\w$.]*\\.)?[A-Z]\\w*(?:Error|Exception)\\b)",
    "^(?:[^\\s:]+:)?(?:\\s?line )?\\d+(?::\\d+)?: (?:fatal )?error\\b",
    "^[\\w./~+-]{1,80}: (?:fatal|error|line \\d+): ",
    "^[\\w./~+-]{1,80}(?:\\[\\d+\\])?: \\*\\*\\* ",
    "^error(?:\\[\\w+\\]|\\s+\\w+\\d+)?:",
    ": (?:command not found|No such file or directory|Permission denied|cannot \\w+)",
    "\\b(?:fatal error|segmentation fault|core dumped)\\b",
  ].join("|"),
  "u",
);

export function isErrorLine(text: string): boolean {
  const looked = text.slice(0, LOOKED);
  return levelOf(looked) === "error" || TOLD.test(looked);
}

/**
 * What make prints at its end for each level: the directory that it leaves, and the target that
 * failed.
 */
const LEAVES = /^\S*make(?:\[\d+\])?: Leaving directory /;
const TARGET = /^\S*make(?:\[\d+\])?: \*\*\* \[.*\] Error \d+/;

/** Leaves of the end of make the target that failed first: the line before it has the error. */
export function withoutMakeEnd(lines: readonly string[]): string[] {
  const some = lines.filter((line) => !LEAVES.test(line));
  return some.filter((line, i) => i === 0 || !TARGET.test(line) || !TARGET.test(some[i - 1]!));
}

/**
 * The line that says why: of a program that ended with an error, the line of its output that tells
 * of the error; else the first line of the message.
 */
export function headlineOf(message: string): string {
  const [first = "", ...output] = message.split("\n");
  return isOfProgram(first) ? (output[errorLineIn(output)]?.trim() ?? first) : first;
}

/**
 * Whether the first line of an error is about a program that ended; the last lines of its output
 * follow.
 */
export const isOfProgram = (first: string): boolean =>
  /\b(?:exited with \d+|was killed by SIG\w+)\b/.test(first);

/** The place of the line that tells of the error, the last of several; -1: none does. */
export function errorLineIn(lines: readonly string[]): number {
  const at = lines.findLastIndex((line) => isErrorLine(line) && !TARGET.test(line));
  return at === -1 ? lines.findLastIndex(isErrorLine) : at;
}
