/** Imports go one way, folders form no cycle, and commands import nothing that loads slowly. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Import {
  from: string;
  to: string;
  typesOnly: boolean;
  isDynamic: boolean;
}

function sources(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), "utf8");
  const found: Import[] = [];
  for (const [, keyword, types, name] of text.matchAll(
    /^\s*(import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"/gm,
  )) {
    // A template is text that is written for users.
    if (keyword && name && !name.includes("${"))
      found.push({
        from: file,
        to: target(file, name),
        typesOnly: types !== undefined,
        isDynamic: false,
      });
  }
  for (const [, name] of text.matchAll(/import\(\s*"([^"]+)"\s*\)/g))
    if (name)
      found.push({
        from: file,
        to: target(file, name),
        typesOnly: /typeof import/.test(text),
        isDynamic: true,
      });
  return found;
}

/** From the root where it is ours, as written where it is a package. */
function target(file: string, name: string): string {
  // Elsewhere the word stands in text for users.
  if (name === "liveops" && file.startsWith("ops/")) return "ops/sdk/index.ts";
  if (!name.startsWith(".")) return name;
  const path = relative(root, resolve(root, dirname(file), name));
  for (const suffix of [".tsx", ".ts"]) {
    const source = path.replace(/\.js$/, suffix);
    if (all.has(source)) return source;
  }
  return path;
}

const all = new Set(["protocol", "ops", "daemon", "tui"].flatMap(sources));
const imports = [...all].flatMap(importsOf);
const isFeature = (path: string) => path.includes("/features/");
const top = (path: string) => path.split("/")[0]!;

describe("directions", () => {
  const MAY: Record<string, string[]> = {
    protocol: ["protocol"],
    ops: ["ops", "protocol"],
    daemon: ["daemon", "protocol", "ops"],
    tui: ["tui", "protocol"],
  };

  test.each(Object.keys(MAY))("%s", (folder) => {
    const wrong = imports.filter(({ from, to }) => {
      if (top(from) !== folder || !all.has(to)) return false;
      let more = from.startsWith("tui/cli/run/") ? "ops" : "";
      if (/^tui\/(cli\/liveopsd|features\/(fleet|install))\//.test(from)) more = "daemon";
      return top(to) !== more && !MAY[folder]!.includes(top(to));
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test("every relative import is of a file that is there", () => {
    const lost = imports.filter(
      ({ to }) => /^(protocol|ops|daemon|tui)\//.test(to) && !all.has(to),
    );
    // Bundles that are loaded from beside another one at run time.
    const beside = /^(daemon\/cli\/daemon|tui\/cli\/(tui|run)(\/[\w-]+)?)\.js$/;
    expect(
      lost.filter(({ to }) => !beside.test(to)).map(({ from, to }) => `${from}: ${to}`),
    ).toEqual([]);
  });

  test("shipped operations are written as a user's are: from liveops, and their own folders", () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        /^ops\/([^/]+$|features\/archive\/|examples\/)/.test(from) &&
        all.has(to) &&
        to !== "ops/sdk/index.ts" &&
        // The one place that quotes the words of a shell.
        to !== "protocol/text/shell-quote.ts" &&
        /^(ops\/(sdk|types|attempt|loading|programs|secrets|features\/testing)|protocol)\//.test(
          to,
        ),
    );
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });
});

test("the spine of the daemon imports no feature", () => {
  const SPINE = /^daemon\/(bus\.ts|lifecycle\.ts|admission\/|scheduler\/|store\/|run-files\/)/;
  const FEATURE = /^daemon\/(features\/|watch|admin|http)\//;
  const wrong = imports.filter(({ from, to }) => SPINE.test(from) && FEATURE.test(to));
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

describe("circles", () => {
  const circles = (edges: Map<string, Set<string>>): string[] => {
    const found: string[] = [];
    const done = new Set<string>();
    const visit = (node: string, path: string[]): void => {
      const at = path.indexOf(node);
      if (at !== -1) {
        found.push([...path.slice(at), node].join(" -> "));
        return;
      }
      if (done.has(node)) return;
      for (const next of edges.get(node) ?? []) visit(next, [...path, node]);
      done.add(node);
    };
    for (const node of edges.keys()) visit(node, []);
    return found;
  };

  const graph = (name: (path: string) => string, wanted: (each: Import) => boolean) => {
    const edges = new Map<string, Set<string>>();
    for (const each of imports) {
      if (!all.has(each.to) || !wanted(each)) continue;
      const [from, to] = [name(each.from), name(each.to)];
      if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
    return edges;
  };

  test("no two of the four folders", () => {
    expect(circles(graph(top, () => true))).toEqual([]);
  });

  /** The folders that still import each other, types included. The list only gets shorter. */
  const KNOWN: string[] = [];

  test("no two sibling folders but the known ones", () => {
    const edges = new Set<string>();
    for (const { from, to } of imports) {
      // A door imports features; house.test.ts lists the doors.
      if (isFeature(to) && !isFeature(from)) continue;
      const [a, b] = [dirname(from).split("/"), dirname(to).split("/")];
      const at = a.findIndex((name, index) => name !== b[index]);
      if (!all.has(to) || at === -1 || at >= b.length) continue;
      edges.add(`${a.slice(0, at + 1).join("/")} ${b.slice(0, at + 1).join("/")}`);
    }
    const pairs = [...edges].map((edge) => edge.split(" ") as [string, string]);
    const both = pairs.filter(([a, b]) => a < b && edges.has(`${b} ${a}`));
    expect(both.map(([a, b]) => `${a} <-> ${b}`).sort()).toEqual(KNOWN);
  });

  test("no two files need each other, types included", () => {
    expect(
      circles(
        graph(
          (path) => path,
          () => true,
        ),
      ),
    ).toEqual([]);
  });
});

test("the build changes no library: it has no plugin, and aliases only our own package", () => {
  const text = readFileSync(join(root, "scripts/build.mjs"), "utf8");
  expect(text).not.toMatch(/plugins|onLoad|onResolve|inject/);
  expect(text.match(/alias: .*/g)).toEqual(['alias: { liveops: "./ops/sdk/index.ts" },']);
});
