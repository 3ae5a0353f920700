/**
 * Keeps the bounds of `house.json`: what the program weighs, and what its core knows of features. A
 * commit that raises a bound says why in its body; a commit that makes a figure smaller lowers the
 * bound.
 */
import { describe, expect, test } from "vitest";
import {
  coreFilesWith,
  filesWith,
  house,
  importsOfFeatures,
  readingOrder,
  textOf,
  weights,
} from "./harness/house.js";

const bounds = house();

describe("weight in tokens", () => {
  const now = weights();

  test.each(["source", "core", "test"] as const)("%s", (part) => {
    expect(now[part]).toBeLessThanOrEqual(bounds.weight[part]);
  });

  test("each feature has a bound", () => {
    expect(Object.keys(now.features).sort()).toEqual(Object.keys(bounds.features).sort());
  });

  test.each(Object.keys(now.features))("%s", (name) => {
    expect(now.features[name]).toBeLessThanOrEqual(bounds.features[name]?.weight ?? 0);
  });
});

describe("the core names no feature", () => {
  const imports = importsOfFeatures();

  test("imports of features", () => {
    expect(imports.length).toBeLessThanOrEqual(bounds.imports.all);
  });

  test("imports of features outside of the doors", () => {
    const outside = imports.filter(({ from }) => !Object.hasOwn(bounds.doors, from));
    const shown = outside.map(({ from, to }) => `${from} imports ${to}`);
    expect(shown.length, shown.join("\n")).toBeLessThanOrEqual(bounds.imports.outsideDoors);
  });

  test.each(Object.entries(bounds.words))("files with the word %s", (word, bound) => {
    const files = coreFilesWith(word);
    expect(files.length, files.join("\n")).toBeLessThanOrEqual(bound);
  });

  test.each(Object.keys(bounds.doors))("%s is a door", (door) => {
    expect(imports.map(({ from }) => from)).toContain(door);
  });
});

describe("the reading order of docs/architecture.md", () => {
  const files = readingOrder();

  test("at most 25 files of 7,500 lines together", () => {
    const lines = files.flatMap((file) => textOf(file).split("\n"));
    expect(files.length).toBeGreaterThan(15);
    expect(files.length).toBeLessThanOrEqual(25);
    expect(lines.length).toBeLessThanOrEqual(7500);
  });

  test.each(files)("%s imports no feature", (file) => {
    expect(importsOfFeatures([file])).toEqual([]);
  });
});

test.each(Object.entries(bounds.options))("files that know %s", (option, bound) => {
  expect(filesWith(option)).toBeLessThanOrEqual(bound);
});
