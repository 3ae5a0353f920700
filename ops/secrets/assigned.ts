/**
 * Finds values that stand where a secret is written: `token=…`, `password: '…'`, `--api-key …`,
 * `Authorization: Bearer …` and `https://user:…@host`. A reference such as `$TOKEN` or `env:TOKEN`
 * is no value.
 */
import type { Range } from "./text-search.js";

const WORDS =
  "token|secret|passw(?:or[dt]|d)?|passphrase|credentials?|authorization|(?:api|access|private)[_-]?key";

/** The name of a variable whose value is a secret. */
export const SECRET_NAME = new RegExp(WORDS, "i");

/** A name up to its value. A name such as `TOKEN_FILE` tells where the secret is. */
const NAMED = new RegExp(
  `((?<![\\w-])--?[\\w-]{0,40}?)?(?:${WORDS})(?:key|[_.-][\\w.-]{0,40})?(?<!file|path|dir|stdin)` +
    `(?:\\\\*["'\\]]*[ \\t]*(?::(?!:)|:?={1,2}>?)[ \\t]*|([ \\t]+))`,
  "gi",
);

const SCHEME = /(?:bearer|basic|digest|token|negotiate)[ \t]+/iy;

/** The value is the first group. A text that was cut has no end of the quotes. */
const QUOTED = [
  // Within '…' of a shell.
  /'\\''((?:'\\''\\'\\'''\\''|(?!'\\'').)*)/sy,
  // Within "…" of JSON or $'…' of a shell.
  /\\["']((?:[^\\]|\\\\(?:\\["'\\]|[^\\]))*)/sy,
  /\$?"((?:[^"\\]|\\.)*)/sy,
  // A backslash before '\'' of a shell or '' of YAML is itself.
  /\$?'((?:[^'\\]|\\(?='\\''|'')|\\.|'(?:\\''|"'"'|'))*)/sy,
];

const UNQUOTED = /((?:\\.|'(?:\\''|"'"')|(?!&(?:amp;)?[\w.-]+=)[^\s"'\\])+)/sy;

/** What may follow an unquoted value at once. */
const BEHIND = /[;,)\]}>|&]+$/;

const REFERENCE =
  /^(?:\$\w+$|\$[({]|env:|file:|prompt:|<[\w -]+>?$|\{\{|\*\*\*|(?:null|true|false|none|undefined)$)/i;

/** Shorter values are words of a sentence. */
const SHORTEST_VALUE = 3;

/** Greedy: a password may have an @ in it. */
const IN_URL = /:\/\/[^\s:/@"'<>]*:([^\s/"<>]+)@/g;

export function assignedIn(text: string): Range[] {
  const ranges: Range[] = [];
  NAMED.lastIndex = 0;
  for (let name = NAMED.exec(text); name !== null; name = NAMED.exec(text)) {
    const [, dashes, space] = name;
    // A word behind a space is a value only of an option.
    if (space !== undefined && (dashes === undefined || text[NAMED.lastIndex] === "-")) continue;
    const value = valueAt(text, NAMED.lastIndex);
    if (value === null) continue;
    ranges.push(value);
    NAMED.lastIndex = value[1];
  }
  for (const { 0: all, 1: password = "", index } of text.matchAll(IN_URL)) {
    const to = index + all.length - 1;
    if (!REFERENCE.test(password)) ranges.push([to - password.length, to]);
  }
  return ranges;
}

function valueAt(text: string, at: number): Range | null {
  const from = matchAt(SCHEME, text, at)?.end ?? at;
  const form = QUOTED.find((each) => matchAt(each, text, from) !== null) ?? UNQUOTED;
  const found = matchAt(form, text, from);
  if (found === null) return null;
  const value = form === UNQUOTED ? found.value.replace(BEHIND, "") : found.value;
  if (value.length < SHORTEST_VALUE || REFERENCE.test(value)) return null;
  const start = found.end - found.value.length;
  return [start, start + value.length];
}

function matchAt(form: RegExp, text: string, at: number): { value: string; end: number } | null {
  form.lastIndex = at;
  const found = form.exec(text);
  return found === null ? null : { value: found[1] ?? "", end: form.lastIndex };
}
