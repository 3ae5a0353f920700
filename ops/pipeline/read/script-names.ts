/**
 * The variables that a shell script reads and does not set itself, for the warnings of `liveops
 * check`.
 *
 * The patterns are no shell. A script that they do not understand has no such names, and neither
 * has one that sets variables by `eval` or a sourced file. A name for which the script tests, such
 * as `${x:-}`, is none either.
 */

/** A variable that is read: `$name` or `${name`. */
export interface VariableUse {
  name: string;
  /** Offset of the dollar in the script. */
  at: number;
}

/** Any variable may be set, or a part of the script is not code: a here-document. */
const NOT_UNDERSTOOD =
  /(?:^|[\s;&|({`])(?:\.|source|eval|coproc)\s|\bset\s+\+|\b(?:local|declare|typeset)\s+-\w*n|-v\s+["'$]|(?<!<)<<(?!<)/;

/**
 * Texts that set or test their bare words: an assignment, the arguments of a command, a line with
 * arithmetic.
 */
const SETTERS =
  /^.*\(\(.*$|\b(?:read|local|declare|typeset|export|readonly|mapfile|readarray|getopts|let|unset|for|select|printf)\b[^;&|\n]*|(?:-v\s+|(?<!\$)\{)[A-Za-z_]\w*|\b[A-Za-z_]\w*(?:\[[^\]\n]{0,80}\])?\+?=/gm;
const BARE_WORD = /(?<!\$|\$\{)\b[A-Za-z_]\w*/g;

const VARIABLE =
  /\$\{(?<sign>[!#]?)(?<braced>[A-Za-z_]\w*)(?<test>\[[@*]\]|:?[-=+?])?|\$(?<plain>[A-Za-z_]\w*)/;
/** In code: an escaped character, quoted text, a comment, a variable, a quote without its end. */
const CODE = new RegExp(
  `\\\\[^]|\\$'(?:\\\\[^]|[^'\\\\])*'|'[^']*'|"(?<quoted>(?:\\\\[^]|[^"\\\\])*)"|(?<=^|[\\s;&|(])#.*|${VARIABLE.source}|\\$[\\d@*#?$!-]|(?<open>['"])`,
  "gm",
);
const QUOTED = new RegExp(`\\\\[^]|${VARIABLE.source}|\\$\\$`, "g");

/** The first use of each name. */
export function unsetNames(script: string): VariableUse[] {
  if (NOT_UNDERSTOOD.test(script)) return [];
  const known = new Set<string>();
  for (const [text] of script.matchAll(SETTERS))
    for (const [name] of text.matchAll(BARE_WORD)) known.add(name);
  const uses = new Map<string, number>();
  /** @returns false: the text is not understood */
  const scan = (text: string, pattern: RegExp, from: number): boolean => {
    for (const { index, groups = {} } of text.matchAll(pattern)) {
      const { quoted, open, sign, braced, test, plain } = groups;
      if (open !== undefined) return false;
      const inner = /\$\(|`/.test(quoted ?? "") ? CODE : QUOTED;
      if (quoted !== undefined && !scan(quoted, inner, from + index + 1)) return false;
      const name = braced ?? plain;
      if (name === undefined) continue;
      if (test !== undefined || sign === "!") known.add(name);
      else if (!uses.has(name)) uses.set(name, from + index);
    }
    return true;
  };
  if (!scan(script, CODE, 0)) return [];
  return [...uses].filter(([name]) => !known.has(name)).map(([name, at]) => ({ name, at }));
}
