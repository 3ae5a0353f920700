/** The tests that docs/durability.md names exist under these names. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const text = readFileSync(`${root}docs/durability.md`, "utf8");

/** `- \`file\`: "name", "name"`, over several lines. */
const cited = [...text.matchAll(/^- `(test\/\S+\.test\.ts)`: ((?:"[^"]+"[,\s]*)+)/gm)].map(
  ([, file, names]) => ({
    file: file!,
    names: [...names!.matchAll(/"([^"]+)"/g)].map(([, name]) => name!.replace(/\s+/g, " ")),
  }),
);

test("every test that docs/durability.md names exists", () => {
  expect(cited.length).toBeGreaterThan(10);
  const missing = cited.flatMap(({ file, names }) => {
    const source = readFileSync(root + file, "utf8");
    return names.filter((name) => !source.includes(`"${name}"`)).map((name) => `${file}: ${name}`);
  });
  expect(missing).toEqual([]);
});

test("every file of the fault suite holds a promise that docs/durability.md makes", () => {
  const files = readdirSync(`${root}test/faults`)
    .filter((name) => name.endsWith(".test.ts") && name !== "promises.test.ts")
    .map((name) => `test/faults/${name}`);
  expect(files.filter((file) => !cited.some((each) => each.file === file))).toEqual([]);
});
