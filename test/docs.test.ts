/** Paths and links in the documents exist. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { UNEXPLAINED } from "../bench/harness/page.js";
import { handWrittenWords } from "../scripts/docs/words.js";

/** A commit that shortens a page lowers this bound. */
const MOST_WORDS = 32_000;

const root = fileURLToPath(new URL("..", import.meta.url));
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...globSync("docs/*.md", { cwd: root }),
];
const textOf = (page: string) => readFileSync(join(root, page), "utf8");

/** The anchor that a heading gets, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}

function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));
}

test.each(pages)("each link of %s leads somewhere", (page) => {
  const text = textOf(page).replace(/^```[\s\S]*?^```/gm, "");
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  const broken = links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path, anchor] = link.split("#");
    const target = path ? join(dirname(page), path) : page;
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && target.endsWith(".md") && !anchorsOf(target).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test("each source path that CONTRIBUTING.md names exists", () => {
  const paths = [...textOf("CONTRIBUTING.md").matchAll(/`((?:[a-z-]+|\.[a-z]+)\/[\w./-]*)`/g)]
    .map(([, path]) => path!)
    .filter((path) =>
      /^(?:protocol|ops|daemon|tui|test|bench|docs|scripts|\.github|\.ci)\//.test(path),
    );
  expect(paths.length).toBeGreaterThan(5);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("each name that CONTRIBUTING.md places in a file stands there", () => {
  const places = [...textOf("CONTRIBUTING.md").matchAll(/`([A-Za-z_]+)` in\s+`([\w./-]+\.tsx?)`/g)];
  expect(places.length).toBeGreaterThan(5);
  const wrong = places.filter(([, name, file]) => !textOf(file!).includes(name!));
  expect(wrong.map(([said]) => said)).toEqual([]);
});

test("each script that CONTRIBUTING.md names exists", () => {
  const { scripts } = JSON.parse(textOf("package.json")) as { scripts: Record<string, string> };
  const named = [...textOf("CONTRIBUTING.md").matchAll(/npm run ([\w:]+)/g)].map(
    ([, name]) => name!,
  );
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test("the page of the benchmarks is short, and each missed row has its reason", () => {
  const page = textOf("docs/performance.md");
  expect(page.split(/\s+/).length).toBeLessThanOrEqual(2000);
  expect(page).not.toContain(UNEXPLAINED);
});

test(`people write at most ${MOST_WORDS} words`, () => {
  const words = handWrittenWords();
  const all = [...words.values()].reduce((sum, count) => sum + count, 0);
  expect(all, JSON.stringify([...words], null, 1)).toBeLessThanOrEqual(MOST_WORDS);
});
