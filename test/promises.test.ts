/**
 * Each promise of docs/durability.md has its tests, one of each section in `npm test`, and each
 * file of the fault suite has its promise.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { PROJECTS } from "./harness/projects.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(`${root}docs/durability.md`, "utf8");

const citedIn = (part: string) =>
  [...part.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, file]) => file!);
const cited = citedIn(text);

/** The projects of `npm test`. */
const daily = [...manifest.scripts.test.matchAll(/--project=(\w+)/g)].map(([, name]) => name!);
const dailyFiles = Object.entries(PROJECTS).flatMap(([name, files]) =>
  daily.includes(name) ? files : [],
);
const sections = text
  .split(/^## /m)
  .map((section) => ({ name: section.split("\n")[0], files: citedIn(section) }))
  .filter(({ files }) => files.length > 0);

test("every test file that docs/durability.md names exists", () => {
  expect(cited.length).toBeGreaterThan(10);
  expect(cited.filter((file) => !existsSync(root + file))).toEqual([]);
});

test("every file of the fault suite holds a promise that docs/durability.md makes", () => {
  const files = readdirSync(`${root}test/faults`, { encoding: "utf8", recursive: true })
    // The proof by deletion is about the source.
    .filter((name) => name.endsWith(".test.ts") && name !== "features-removed.test.ts")
    .map((name) => `test/faults/${name}`);
  expect(files.filter((file) => !cited.includes(file))).toEqual([]);
});

test("every test file that docs/durability.md names runs in `npm run test:all` or in `npm run faults`", () => {
  const files = Object.values(PROJECTS).flat();
  expect(cited.filter((file) => !files.includes(file) && !file.startsWith("test/faults/"))).toEqual(
    [],
  );
});

test.each(sections)("`npm test` runs a test of the section $name", ({ files }) => {
  expect(files.filter((file) => dailyFiles.includes(file))).not.toEqual([]);
});
