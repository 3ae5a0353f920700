/**
 * `npm run screens:compare -- DIR`: takes the same scenes from the dashboard of a built checkout in DIR and from this
 * one, and draws them side by side into docs/pictures/.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Frame, sideBySide } from "../picture.js";
import { ABOUT, SCENES } from "./scenes.js";
import { World } from "./world.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url)).replace(/\/$/, "");
const OUT = join(ROOT, "docs/pictures");

async function taken(root: string): Promise<ReadonlyMap<string, Frame>> {
  using world = new World(root);
  const frames = new Map<string, Frame>();
  for (const take of SCENES)
    for (const [name, frame] of Object.entries(await take(world))) {
      console.log(`${root}: ${name}`);
      frames.set(name, frame);
    }
  return frames;
}

const [other] = process.argv.slice(2);
if (other === undefined) throw new Error("name the directory of the other checkout, which is built");
const before = await taken(resolve(other));
const now = await taken(ROOT);
rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
let size = 0;
for (const [name, frame] of now) {
  const svg = sideBySide([
    ["before", before.get(name)!],
    ["now", frame],
  ]);
  writeFileSync(join(OUT, `${name}.svg`), svg);
  size += svg.length;
}
const pictures = [...now.keys()].map((name) => `## ${ABOUT[name]}\n\n![${ABOUT[name]}](${name}.svg)\n`);
writeFileSync(
  join(OUT, "README.md"),
  `# The dashboard, before and now

The scenes of a review of the dashboard, taken from the reviewed commit and from
this checkout. \`npm run screens:compare -- DIR\` draws them. The numbers in the
names of the files are columns of the terminal.

${pictures.join("\n")}`,
);
console.log(`${now.size} pictures, ${(size / 1024).toFixed(0)} KiB: docs/pictures`);
