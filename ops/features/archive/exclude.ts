/**
 * The exclude patterns of a backup: names (`node_modules`, `*.log`) match at any depth, patterns with a slash
 * (`build/**`, `docs/*.pdf`) match the path below the source. A matched directory is left out with its contents.
 */
export class Exclude {
  private readonly patterns: { text: string; regex: RegExp; whole: boolean; used: boolean }[];

  constructor(patterns: readonly string[]) {
    this.patterns = patterns.map((text) => {
      const glob = text.replace(/^\.?\/+/, "").replace(/\/+$/, "");
      return { text, regex: globRegex(glob), whole: text.replace(/\/+$/, "").includes("/"), used: false };
    });
  }

  /** `path` is relative to the source, with `/` between its parts. */
  matches(path: string): boolean {
    const name = path.slice(path.lastIndexOf("/") + 1);
    const hit = this.patterns.find(({ regex, whole }) => regex.test(whole ? path : name));
    if (hit) hit.used = true;
    return hit !== undefined;
  }

  /** Patterns without a match so far, to detect misspelt patterns. */
  unused(): string[] {
    return this.patterns.filter(({ used }) => !used).map(({ text }) => text);
  }
}

const TOKEN = /\*\*\/|\*\*|\*|\?|\[(!?)([^\]/]+)\]|./gsu;

/** `*` and `?` match within one part, `**` across parts, `[a-z]` is a class; other characters match themselves. */
function globRegex(glob: string): RegExp {
  let source = "";
  let stars = 0;
  /** What follows the last `*`. */
  let behind: string | null = null;
  for (const [token, not, set] of glob.matchAll(TOKEN)) {
    if (token === "*") {
      // Of what stands between two stars, the earliest place is enough: a lookahead is never tried again elsewhere.
      if (behind !== null) source += `(?=([^/]*?${behind}))\\${++stars}`;
      behind = "";
      continue;
    }
    const sign = signOf(token, not, set);
    if (behind === null) source += sign;
    else behind += sign;
    // The star matches within its part.
    if (behind === null || !/\/|\*\*/.test(token)) continue;
    source += `[^/]*${behind}`;
    behind = null;
  }
  return new RegExp(`^${source}${behind === null ? "" : `[^/]*${behind}`}$`, "su");
}

function signOf(token: string, not: string | undefined, set: string | undefined): string {
  if (token === "**/") return "(?:[^/]+/)*";
  if (token === "**") return ".*";
  if (token === "?") return "[^/]";
  if (set !== undefined) return `[${not ? "^/" : ""}${set.replace(/[\\\]^[]/g, "\\$&")}]`;
  return token.replace(/[\\^$.|+(){}[\]]/g, "\\$&");
}
