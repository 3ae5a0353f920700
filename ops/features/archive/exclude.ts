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

/** `*` and `?` match within one part, `**` across parts, `[a-z]` is a class; other characters match themselves. */
function globRegex(glob: string): RegExp {
  const source = glob.replace(/\*\*\/|\*\*|\*|\?|\[(!?)([^\]/]+)\]|[\\^$.|+(){}[\]]/g, (token, not, set) => {
    if (token === "**/") return "(?:[^/]+/)*";
    if (token === "**") return ".*";
    if (token === "*") return "[^/]*";
    if (token === "?") return "[^/]";
    if (set !== undefined) return `[${not ? "^/" : ""}${set.replace(/[\\\]^[]/g, "\\$&")}]`;
    return `\\${token}`;
  });
  return new RegExp(`^${source}$`, "su");
}
