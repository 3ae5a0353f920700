/** Generates Markdown: aligned tables, and the marked regions of a page. */

/** A table with aligned columns, as the formatter writes it. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const [first, ...rest] = cells;
  return [line(first!), line(widths.map((width) => "-".repeat(width))), ...rest.map(line)].join(
    "\n",
  );
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** The text of each generated region, by the name in its markers. */
export type Regions = Readonly<Record<string, string>>;

const REGION = /^(<!-- generated: (.+?) -->\n)([\s\S]*?)^(<!-- end -->)$/gm;

/**
 * A page with its regions replaced by the generated text.
 *
 * @throws Error for a region of the page that nothing generates, and for a generated region that
 *   the page lacks
 */
export function withRegions(page: string, text: string, regions: Regions): string {
  const missing = new Set(Object.keys(regions));
  const made = text.replace(REGION, (_, start: string, name: string, _old: string, end: string) => {
    const region = Object.hasOwn(regions, name) ? regions[name] : undefined;
    if (region === undefined)
      throw new Error(`${page}: nothing generates the region '${name}'; remove it`);
    missing.delete(name);
    return `${start}\n${region.trim()}\n\n${end}`;
  });
  if (missing.size > 0) {
    const names = [...missing].map((name) => `<!-- generated: ${name} -->`).join(", ");
    throw new Error(`${page} lacks these regions, each closed by <!-- end -->: ${names}`);
  }
  return made;
}

export function withoutRegions(text: string): string {
  return text.replace(REGION, "");
}
