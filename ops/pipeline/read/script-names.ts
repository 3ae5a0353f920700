/**
 * The variables that a shell script reads and does not set itself, for the warnings of `liveops check`.
 *
 * It is a scanner and not a shell: a script that it does not understand, and one that sets variables by `eval` or a
 * sourced file, has no such names. A name for which the script tests, such as `${x:-}`, is none either.
 */

/** A variable that is read: `$name` or `${name`. */
export interface VariableUse {
  name: string;
  /** Offset of the dollar in the script. */
  at: number;
}

/** The first use of each name. */
export function unsetNames(script: string): VariableUse[] {
  const scanner = new Scanner(script);
  try {
    scanner.code(null);
  } catch (error) {
    if (error instanceof NotUnderstood) return [];
    throw error;
  }
  return [...scanner.uses].filter(([name]) => !scanner.known.has(name)).map(([name, at]) => ({ name, at }));
}

class NotUnderstood extends Error {}

const NAME = /[A-Za-z_]\w*/y;
const ASSIGNED = /^([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=/;
/** A word of a command that sets its arguments. */
const ARGUMENT = /^([A-Za-z_]\w*)(?:\[[^\]]*\])?(?:\+?=.*)?$/s;
/** After these words the next word is a command again. */
const BEFORE_COMMAND = /^(?:if|then|elif|else|fi|do|done|while|until|!|\{|\}|time|esac|command|builtin)$/;
const SETTERS = new Set(
  "read local declare typeset export readonly mapfile readarray getopts let unset for select".split(" "),
);
/** Commands after which any variable may be set. */
const UNKNOWN_EFFECT = new Set([".", "source", "eval", "coproc"]);

/** A script is the text of anybody: it must not exhaust the stack. */
const MOST_NESTED = 100;

interface Heredoc {
  end: string;
  isQuoted: boolean;
  hasTabs: boolean;
}

class Scanner {
  /** Offset of the first use of each name. */
  readonly uses = new Map<string, number>();
  /** Names that the script sets, or tests. */
  readonly known = new Set<string>();
  #at = 0;
  #isInBackticks = false;
  /** Expansions and parentheses around the present character. */
  #depth = 0;

  constructor(private readonly text: string) {}

  /** Commands, up to the end or past `end`. */
  code(end: ")" | "`" | null): void {
    if (++this.#depth > MOST_NESTED) throw new NotUnderstood();
    const heredocs: Heredoc[] = [];
    /** The command whose arguments follow; null: a command follows. */
    let command: string | null = null;
    let before = "";
    let cases = 0;
    for (let isWordStart = true; this.#at < this.text.length; ) {
      const char = this.#char();
      if (char === "#" && isWordStart) {
        this.#skipTo("\n");
        continue;
      }
      isWordStart = true;
      if (char === end && (char !== ")" || cases === 0)) {
        if (heredocs.length > 0) throw new NotUnderstood();
        this.#at++;
        this.#depth--;
        return;
      }
      if (char === "\n") {
        this.#at++;
        for (const heredoc of heredocs.splice(0)) this.#heredoc(heredoc);
        command = null;
      } else if (/\s/.test(char)) this.#at++;
      else if (/[;&|]/.test(char) || (char === ")" && cases > 0)) {
        this.#at++;
        command = null;
      } else if (char === "<" || char === ">") this.#redirection(heredocs);
      else if (char === "(") {
        const isArithmetic = this.text[this.#at + 1] === "(" && (command === null || command === "for");
        this.#at += isArithmetic ? 2 : 1;
        if (isArithmetic) this.#arithmetic();
        else this.code(")");
        // A function follows its parentheses.
        if (/^\(\s*\)$/.test(this.text.slice(this.text.lastIndexOf("(", this.#at - 1), this.#at)))
          command = null;
      } else if (char === ")") throw new NotUnderstood();
      else {
        const word = this.#word();
        if (word === "") throw new NotUnderstood();
        if (command === null) {
          const [, assigned] = ASSIGNED.exec(word) ?? [];
          if (assigned !== undefined) this.known.add(assigned);
          else if (UNKNOWN_EFFECT.has(word)) throw new NotUnderstood();
          else if (!BEFORE_COMMAND.test(word)) command = word;
          if (word === "case") cases++;
          if (word === "esac") cases = Math.max(0, cases - 1);
        } else {
          const isReference = /^-\w*n/.test(word) && /^(?:local|declare|typeset)$/.test(command);
          if (isReference || (command === "set" && /^\+(?:\w*u|o$)/.test(word))) throw new NotUnderstood();
          if (before === "-v" && !ARGUMENT.test(word)) throw new NotUnderstood();
          const name = SETTERS.has(command) || before === "-v" ? ARGUMENT.exec(word)?.[1] : undefined;
          if (name !== undefined) this.known.add(name);
          // Only the first word after `for` is a name.
          if (command === "for" || command === "select") command = "in";
          else if (command === "function" || (command === "case" && word === "in")) command = null;
        }
        before = word;
        isWordStart = false;
      }
    }
    if (end !== null || heredocs.length > 0) throw new NotUnderstood();
  }

  #char(): string {
    return this.text[this.#at] ?? "";
  }

  #skipTo(end: string): void {
    const at = this.text.indexOf(end, this.#at);
    this.#at = at === -1 ? this.text.length : at;
  }

  /** Past the quote that ends a text without expansions. */
  #skipPast(quote: string, hasEscapes: boolean): void {
    for (; this.#char() !== quote; this.#at++) {
      if (this.#at >= this.text.length) throw new NotUnderstood();
      if (hasEscapes && this.#char() === "\\") this.#at++;
    }
    this.#at++;
  }

  /** One word. @returns its text, with expansions in their source form */
  #word(): string {
    const from = this.#at;
    while (this.#at < this.text.length && !/[\s;&|<>)]/.test(this.#char())) {
      const char = this.#char();
      if (char === "`" && this.#isInBackticks) break;
      if (char === "(") {
        // Values of an array, or a pattern; else the word ends.
        if (!/[=@?*+!]/.test(this.text[this.#at - 1] ?? "") || this.#at === from) break;
        this.#at++;
        this.code(")");
      } else if (char === "'") {
        this.#at++;
        this.#skipPast("'", false);
      } else this.#piece(false);
    }
    return this.text.slice(from, this.#at);
  }

  /** One character, or what begins with it. @param isQuoted - between double quotes */
  #piece(isQuoted: boolean): void {
    const char = this.#char();
    if (++this.#depth > MOST_NESTED) throw new NotUnderstood();
    if (char === "$") this.#dollar(isQuoted);
    else if (char === "\\") this.#at += 2;
    else if (char === '"') this.#quoted();
    else if (char === "`") {
      this.#at++;
      this.#isInBackticks = true;
      this.code("`");
      this.#isInBackticks = false;
    } else this.#at++;
    this.#depth--;
  }

  #quoted(): void {
    this.#at++;
    while (this.#char() !== '"') {
      if (this.#at >= this.text.length) throw new NotUnderstood();
      this.#piece(true);
    }
    this.#at++;
  }

  #dollar(isQuoted: boolean): void {
    const next = this.text[this.#at + 1] ?? "";
    if (next === "(") {
      const isArithmetic = this.text[this.#at + 2] === "(";
      this.#at += isArithmetic ? 3 : 2;
      if (isArithmetic) this.#arithmetic();
      else this.code(")");
    } else if (next === "{") this.#braces(isQuoted);
    else if (next === "'" && !isQuoted) {
      this.#at += 2;
      this.#skipPast("'", true);
    } else {
      const name = this.#nameAt(this.#at + 1);
      if (name !== null) this.#use(name, this.#at);
      // `$#` and the like are not the begin of a comment.
      this.#at += name === null ? (/[\d@*#?$!-]/.test(next) ? 2 : 1) : name.length + 1;
    }
  }

  /** `${name…}`. */
  #braces(isQuoted: boolean): void {
    const dollar = this.#at;
    this.#at += 2;
    const isIndirect = this.#char() === "!";
    if (isIndirect || (this.#char() === "#" && this.#nameAt(this.#at + 1) !== null)) this.#at++;
    const name = this.#nameAt(this.#at);
    if (name !== null) {
      this.#at += name.length;
      // An array without values is no error.
      const isTested = /^(?:\[[@*]\]|:?[-=+?])/.test(this.text.slice(this.#at, this.#at + 3));
      if (isTested || isIndirect) this.known.add(name);
      else this.#use(name, dollar);
    }
    while (this.#char() !== "}") {
      if (this.#at >= this.text.length) throw new NotUnderstood();
      if (this.#char() === "'" && !isQuoted) {
        this.#at++;
        this.#skipPast("'", false);
      } else this.#piece(isQuoted);
    }
    this.#at++;
  }

  /** Past `))`. A bare name may be set here. */
  #arithmetic(): void {
    for (let depth = 2; depth > 0; ) {
      if (this.#at >= this.text.length) throw new NotUnderstood();
      const char = this.#char();
      const name = this.#nameAt(this.#at);
      if (name !== null) {
        this.known.add(name);
        this.#at += name.length;
        continue;
      }
      if (char === "(") depth++;
      if (char === ")") depth--;
      this.#piece(true);
    }
  }

  #redirection(heredocs: Heredoc[]): void {
    // `exec {fd}>file` sets fd.
    const [, name] = /\{(\w+)\}$/.exec(this.text.slice(Math.max(0, this.#at - 80), this.#at)) ?? [];
    if (name !== undefined) this.known.add(name);
    const [sign = ""] = /^(?:<<<|<<-?|[<>]\(|[<>][>&|]?)/.exec(this.text.slice(this.#at, this.#at + 3)) ?? [];
    this.#at += sign.length;
    if (sign.endsWith("(")) this.code(")");
    if (sign !== "<<" && sign !== "<<-") return;
    while (/[ \t]/.test(this.#char())) this.#at++;
    const word = this.#word();
    heredocs.push({
      end: word.replace(/["'\\]/g, ""),
      isQuoted: /["'\\]/.test(word),
      hasTabs: sign === "<<-",
    });
  }

  #heredoc({ end, isQuoted, hasTabs }: Heredoc): void {
    while (this.#at < this.text.length) {
      const newline = this.text.indexOf("\n", this.#at);
      const lineEnd = newline === -1 ? this.text.length : newline;
      const line = this.text.slice(this.#at, lineEnd);
      if ((hasTabs ? line.replace(/^\t+/, "") : line) === end) {
        this.#at = lineEnd;
        return;
      }
      if (isQuoted) this.#at = lineEnd;
      while (this.#at < lineEnd) {
        if (this.#char() === '"') this.#at++;
        else this.#piece(true);
      }
      this.#at++;
    }
    throw new NotUnderstood();
  }

  #nameAt(at: number): string | null {
    NAME.lastIndex = at;
    return NAME.exec(this.text)?.[0] ?? null;
  }

  #use(name: string, at: number): void {
    if (!this.uses.has(name)) this.uses.set(name, at);
  }
}
