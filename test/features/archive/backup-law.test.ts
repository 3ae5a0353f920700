// @module-tag tar
import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Backup } from "../../../ops/features/archive/backup.js";
import { runOperation } from "../../../ops/features/testing/index.js";
import { counts } from "../../faults/mode.js";
import { temporary } from "../../ops/temporary.js";
import { contents, extract, type Tree, tree } from "../../ops/trees.js";

const character = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(..."abc.-_ ") },
  fc.constantFrom("\n", "\r", "\t", "\u001b", "é", "e\u0301", "語", "🎉", "\\", '"', "*", "\u202e", "\u0001"),
);
const name = fc
  .string({ unit: character, minLength: 1, maxLength: 60 })
  .filter((name) => name !== "." && name !== ".." && Buffer.byteLength(name) <= 255);
const content = fc.oneof(
  fc.string().map((text) => Buffer.from(text)),
  fc.nat(5).map((n) => Buffer.alloc(n * 512, n)),
  // About the size from which a file is read in pieces.
  fc.integer({ min: -1, max: 1 }).map((n) => Buffer.alloc(128 * 1024 + n, 1)),
  fc.record({ to: fc.string({ unit: character, minLength: 1, maxLength: 150 }) }),
);
const folder = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.dictionary(name, fc.oneof({ maxDepth: 4 }, content, tie("node")), {
    maxKeys: 5,
  }) as fc.Arbitrary<Node>,
})).node;

interface Node {
  [name: string]: Node | Tree[string];
}

function flat(node: Node, below = ""): Tree {
  return Object.fromEntries(
    Object.entries(node).flatMap(([name, child]): [string, Tree[string]][] => {
      if (typeof child === "string" || Buffer.isBuffer(child) || isLink(child))
        return [[below + name, child]];
      return [[`${below}${name}/`, ""], ...Object.entries(flat(child, `${below}${name}/`))];
    }),
  );
}

function isLink(child: Node | Tree[string]): child is { to: string } {
  return typeof (child as { to?: unknown }).to === "string";
}

it("backup, verify and the system's tar give back the same tree, whatever it is", async () => {
  await fc.assert(
    fc.asyncProperty(folder, async (node) => {
      const directory = temporary();
      const source = join(directory, "source");
      tree(source, flat(node));
      const links = await runOperation(
        Backup,
        { source, target: join(directory, "target"), level: 1 },
        { chain: true },
      );
      expect(links.map(({ error }) => error?.message)).toEqual([undefined, undefined, undefined]);
      const archive = String(links[0]?.next?.params.archive);
      expect(contents(extract(archive))).toEqual(contents(source));
      rmSync(directory, { recursive: true });
    }),
    { numRuns: counts(20, 60) },
  );
});
