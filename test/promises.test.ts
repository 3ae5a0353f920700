/** Each promise of docs/durability.md has its tests, and each file of the fault suite its promise. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const text = readFileSync(`${root}docs/durability.md`, "utf8");

const cited = [...text.matchAll(/`(test\/[^`]+\.test\.ts)`/g)].map(([, file]) => file!);

test("every test file that docs/durability.md names exists", () => {
  expect(cited.length).toBeGreaterThan(10);
  expect(cited.filter((file) => !existsSync(root + file))).toEqual([]);
});

test("every file of the fault suite holds a promise that docs/durability.md makes", () => {
  const files = readdirSync(`${root}test/faults`)
    // The proof by deletion is about the source.
    .filter((name) => name.endsWith(".test.ts") && name !== "features-removed.test.ts")
    .map((name) => `test/faults/${name}`);
  expect(files.filter((file) => !cited.includes(file))).toEqual([]);
});
