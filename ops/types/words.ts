/**
 * Parses `name=value` arguments with the input schema of a type. Pure.
 *
 * The JSON Schema decides the type of each value. The author's schema validates the values later.
 */
import { Refusal } from "../../protocol/errors.js";
import { MAX_DEPTH } from "../../protocol/limits.js";
import { isPlainObject } from "../../protocol/objects.js";
import { type JsonSchema, objectShape } from "../../protocol/schema/json-schema.js";
import { isDeeper, lossInText } from "../../protocol/text/json-loss.js";
import { nearest } from "../../protocol/text/nearest.js";
import { shellLine } from "../../protocol/text/shell-quote.js";
import { MAX_PROBLEMS, noSuchParameter, paramsRefusal } from "./parse-params.js";
import { readItems, readValue, takesList } from "./word-value.js";

type Tree = Record<string, unknown>;

/** One argument, split at its first `=`. */
interface Word {
  name: string;
  text: string;
  /** `name:=JSON` */
  exact: boolean;
}

/**
 * Returns the params of the arguments, which override `base`.
 *
 * - `name=value`: text, a number or `true|false|yes|no|on|off`, by the schema; without a schema,
 *   text.
 * - `name=a name=b`, or `name=["a","b"]`: a list, which replaces that of `base`.
 * - `env.A=1`: a nested value.
 * - `name:=JSON`: the exact JSON value.
 *
 * @throws Refusal LIVEOPS_PARAMS_INVALID with all problems (at most 20) and the list of
 *   parameters; for one mistyped name, with the near names instead of the list
 */
export function readWords(
  schema: JsonSchema | null,
  base: object | undefined,
  words: readonly string[],
  /** The command line before the words, for an error message. */
  line: readonly string[] = [],
): Tree {
  const reader = new WordReader(schema, copyOf(base ?? {}), line);
  const command = takesArguments(schema) ? commandIn(words) : null;
  for (const word of words) {
    // A refusal lists no more problems, and each costs a search for near names.
    if (reader.problems.length > MAX_PROBLEMS) break;
    if (word === command?.[0]) {
      reader.problems.push(notAfterDashes(command, [...line, ...words.slice(0, -command.length)]));
      break;
    }
    reader.read(word);
  }
  if (reader.problems.length > 0) throw wordsRefusal(reader, schema, line);
  return reader.params;
}

/** The refusal of the words. A single mistyped name needs no list of all parameters. */
function wordsRefusal(
  { problems, near }: Pick<WordReader, "problems" | "near">,
  schema: JsonSchema | null,
  line: readonly string[],
): Refusal {
  const [problem, ...others] = problems;
  const isNearMiss = others.length === 0 && near.size > 0;
  // The help of `again` and `edit` does not show the parameters.
  if (!isNearMiss || (line[1] !== "submit" && line[1] !== "run"))
    return paramsRefusal(problems, schema, [...near]);
  const detail = `${problem}\nAll parameters: ${shellLine([...line, "--help"])}`;
  return new Refusal("LIVEOPS_PARAMS_INVALID", detail, { nearest: [...near] });
}

/** What people call the command of a type that runs one. */
const COMMAND_NAMES = new Set(["command", "cmd", "exec", "program", "run"]);

class WordReader {
  readonly problems: string[] = [];
  readonly near = new Set<string>();
  /** Paths that arguments have set: `a`, `a.b`. Another argument may add to a list. */
  readonly #set = new Map<string, "scalar" | "list">();
  /** Parents of those paths, each with the first path below: `a` with `a.b`. */
  readonly #above = new Map<string, string>();

  constructor(
    private readonly schema: JsonSchema | null,
    readonly params: Tree,
    /** The command line before the words. */
    private readonly line: readonly string[],
  ) {}

  read(typed: string): void {
    const word = cut(typed);
    const problem =
      word === null ? notAWord(typed) : (this.#commandAsValue(word) ?? this.#take(word));
    if (problem !== null) this.problems.push(problem);
  }

  /** `command=make` for a type that takes the command after `--`. */
  #commandAsValue({ name, text, exact }: Word): string | null {
    if (!COMMAND_NAMES.has(name) || exact || !takesArguments(this.schema)) return null;
    const { properties } = objectShape(this.schema!, this.schema!)!;
    if (properties.has(name)) return null;
    const words = text.trim().split(/\s+/);
    const isScript = properties.has("script") && shellLine(words) !== words.join(" ");
    const typed = shellLine([...this.line, ...(isScript ? [`script=${text}`] : ["--", ...words])]);
    return `there is no parameter ${quote(name)}; ${isScript ? "the text of a script is the parameter script" : "a command and its arguments follow --"}: ${typed}`;
  }

  #take(word: Word): string | null {
    const found = this.#find(word);
    if (typeof found === "string") return found;
    const { path, schema } = found;
    const root = this.schema ?? {};
    const name = path.join(".");

    const clash = this.#clash(name, path);
    if (word.exact) {
      if (clash !== null || this.#set.has(name)) return clash ?? givenTwice(name);
      const json = parseJson(word.text);
      if (json === undefined)
        return `${name}:= takes JSON, and ${quote(word.text)} is not valid JSON`;
      if (json.problem !== null) return `${name}: ${json.problem}`;
      this.#put(path, json.value, "scalar");
      return null;
    }
    if (clash !== null) return clash;
    if (takesList(schema, root))
      return this.#addItems(path, name, readItems(name, word.text, schema, root));
    if (this.#set.has(name)) return givenTwice(name);
    const read = readValue(name, word.text, schema, root);
    if ("problem" in read) return read.problem;
    this.#put(path, read.value, "scalar");
    return null;
  }

  #addItems(
    path: string[],
    name: string,
    read: { items: unknown[] } | { problem: string },
  ): string | null {
    if (this.#set.get(name) === "scalar") return givenTwice(name);
    if ("problem" in read) return read.problem;
    if (!this.#set.has(name)) {
      this.#put(path, read.items, "list");
      return null;
    }
    // Changed in place: the first argument made the list, and a copy per argument would take
    // quadratic time.
    const list = this.#get(path) as unknown[];
    for (const item of read.items) list.push(item);
    return null;
  }

  /** The path and schema of an argument; or the problem of its name. */
  #find(word: Word): { path: string[]; schema: JsonSchema } | string {
    const parts = word.name.split(".");
    if (parts.includes("") || parts.includes("__proto__"))
      return `${quote(word.name)} is not a valid parameter name`;
    if (parts.length > MAX_DEPTH)
      return `the parameters may not be nested more than ${MAX_DEPTH} levels deep`;
    if (this.schema === null) return { path: parts, schema: { type: "string" } };
    const root = this.schema;
    let schema: JsonSchema = root;
    const path: string[] = [];
    for (let index = 0; index < parts.length; index++) {
      const shape = objectShape(schema, root);
      if (shape === null)
        return `${path.join(".")} has no named values: write ${path.join(".")}=value, or ${path.join(".")}:=JSON`;
      // A property whose name contains dots has precedence over nesting.
      const whole = parts.slice(index).join(".");
      const whole1 = shape.properties.get(whole);
      if (whole1 !== undefined) return { path: [...path, whole], schema: whole1 };
      const part = parts[index]!;
      const next = shape.properties.get(part) ?? shape.rest;
      if (next === null)
        return this.#unknown([...path, part].join("."), path, part, shape.properties.keys(), word);
      path.push(part);
      schema = next;
    }
    return { path, schema };
  }

  #unknown(
    name: string,
    path: string[],
    part: string,
    names: Iterable<string>,
    word: Word,
  ): string {
    if (name === "args" && word.exact)
      return "the type takes no arguments after --: only a type with a parameter args does";
    const prefix = path.length === 0 ? "" : `${path.join(".")}.`;
    const meant = nearest(part, names).map((each) => prefix + each);
    for (const each of meant) this.near.add(each);
    return noSuchParameter(name, meant);
  }

  /** Reports arguments for both `a` and `a.b`, which exclude each other. */
  #clash(name: string, path: string[]): string | null {
    for (let length = 1; length < path.length; length++) {
      const above = path.slice(0, length).join(".");
      if (this.#set.has(above)) return `${above} and ${name} cannot both be given`;
    }
    const below = this.#above.get(name);
    return below === undefined ? null : `${below} and ${name} cannot both be given`;
  }

  #get(path: string[]): unknown {
    let current: unknown = this.params;
    for (const part of path) current = isTree(current) ? current[part] : undefined;
    return current;
  }

  #put(path: string[], value: unknown, as: "scalar" | "list"): void {
    let tree = this.params;
    for (const part of path.slice(0, -1)) {
      const below = Object.hasOwn(tree, part) ? tree[part] : undefined;
      const next = isTree(below) ? below : {};
      tree[part] = next;
      tree = next;
    }
    tree[path.at(-1)!] = value;
    const name = path.join(".");
    this.#set.set(name, as);
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const above = name.slice(0, dot);
      if (!this.#above.has(above)) this.#above.set(above, name);
    }
  }
}

function cut(typed: string): Word | null {
  const at = typed.indexOf("=");
  if (at < 1 || typed.startsWith("-")) return null;
  const exact = typed[at - 1] === ":";
  const name = typed.slice(0, exact ? at - 1 : at);
  return name === "" ? null : { name, text: typed.slice(at + 1), exact };
}

function notAWord(typed: string): string {
  const bare = typed.replace(/^-+/, "");
  const [name = ""] = bare.split("=");
  const hint = name === "" || name === typed ? "" : `; write ${name}=value`;
  return `${quote(typed)} is not name=value${hint}`;
}

function takesArguments(schema: JsonSchema | null): boolean {
  return schema !== null && (objectShape(schema, schema)?.properties.has("args") ?? false);
}

/** The words from the first word that is not `name=value`: a command that should follow `--`. */
function commandIn(words: readonly string[]): readonly string[] | null {
  if (words.some((word) => word.startsWith("args:="))) return null;
  const at = words.findIndex((word) => cut(word) === null && !word.startsWith("-"));
  return at === -1 ? null : words.slice(at);
}

/** Words of a command that a message shows. */
const MOST_WORDS = 30;

function notAfterDashes(command: readonly string[], line: readonly string[]): string {
  const more = command.length > MOST_WORDS ? " …" : "";
  const typed = shellLine([...line, "--", ...command.slice(0, MOST_WORDS)]);
  return `${quote(command[0]!)} is not name=value; a command and its arguments follow --: ${typed}${more}`;
}

function givenTwice(name: string): string {
  return `${name} is given twice`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function parseJson(text: string): { value: unknown; problem: string | null } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // Rejected later, when the depth of all parameters is checked.
  if (isDeeper(value, MAX_DEPTH)) return { value, problem: null };
  return { value, problem: lossInText(text, value)?.problem ?? null };
}

function isTree(value: unknown): value is Tree {
  return isPlainObject(value);
}

/** A copy through JSON: the given object does not change, and the copy equals the stored params. */
function copyOf(value: object): Tree {
  return JSON.parse(JSON.stringify(value)) as Tree;
}
