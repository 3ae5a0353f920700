/** The generated regions of the reference pages are up to date with `npm run docs`. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { table, withRegions } from "../../scripts/docs/markdown.js";
import { referencePages } from "../../scripts/docs/pages.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("withRegions", () => {
  const page = "before\n\n<!-- generated: a -->\nold\n<!-- end -->\n\nafter\n";

  test("replaces a region and keeps the rest, and a second time changes nothing", () => {
    const once = withRegions("page.md", page, { a: "new\n" });
    expect(once).toBe("before\n\n<!-- generated: a -->\n\nnew\n\n<!-- end -->\n\nafter\n");
    expect(withRegions("page.md", once, { a: "new\n" })).toBe(once);
  });

  test("a region that nothing generates, and one that the page lacks, are errors", () => {
    expect(() => withRegions("page.md", page, {})).toThrow(
      "page.md: nothing generates the region 'a'",
    );
    expect(() => withRegions("page.md", page, { a: "", b: "" })).toThrow("<!-- generated: b -->");
  });
});

test("a table is aligned, and a bar in a cell is escaped", () => {
  expect(table(["key", "meaning"], [["`a|b`", "x"]])).toBe(
    "| key    | meaning |\n| ------ | ------- |\n| `a\\|b` | x       |",
  );
});

test("each page holds what the code generates; else: npm run docs", () => {
  const pages = referencePages();
  expect(pages.length).toBe(10);
  for (const { path, present, generated } of pages) expect(present, path).toBe(generated);
});

test("each variable of ours that the code reads stands in docs/configuration.md", () => {
  const docs = readFileSync(join(root, "docs/configuration.md"), "utf8");
  const files = globSync("{protocol,ops,daemon,tui}/**/*.{ts,tsx}", { cwd: root });
  const read = files.flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/\benv\??\.(LIVEOPS_[A-Z_]+)/g)].map(
      ([, name]) => name!,
    ),
  );
  expect(read).toContain("LIVEOPS_DEBUG");
  expect([...new Set(read)].filter((name) => !docs.includes(`\`${name}\``))).toEqual([]);
});
