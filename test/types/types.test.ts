import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newNames, operationSource, tsconfigSource } from "../../tui/features/new/template.js";
import { COMPILERS, errorsIn, markedLines, parse, tsc } from "./compile.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const caseDir = fileURLToPath(new URL("./cases", import.meta.url));
const cases = readdirSync(caseDir).map((name) => join(caseDir, name));

/** The declarations of the build. */
const types = join(root, "dist/types");
let dir: string;
beforeAll(() => {
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  dir = mkdtempSync(join(cache, "liveops-types-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

// A compile takes all of a core for seconds.
describe.each(COMPILERS)("%s", { timeout: 120_000 }, (compiler) => {
  // A compile takes seconds: one checks the declarations too, without skipLibCheck.
  it("has errors in the marked lines and in no others, also against the declarations", async () => {
    const errors = (await errorsIn(compiler, dir, cases, types, { skipLibCheck: false })).filter(
      ({ file }) => !file.startsWith("lib."),
    );
    const lines = errors.map(({ file, line }) => `${file}:${line}`);
    const marked = cases.flatMap((file) =>
      markedLines(file).map((line) => `${file.slice(caseDir.length + 1)}:${line}`),
    );
    expect(
      [...new Set(lines)].sort(),
      errors.map((error) => JSON.stringify(error)).join("\n"),
    ).toEqual(marked.sort());
  });

  it.each([
    ["without Node's types", false],
    ["with Node's types", true],
  ])("compiles what liveops new writes, in a project with liveops, %s", async (_what, hasNode) => {
    const bare = mkdtempSync(join(tmpdir(), "liveops-new-"));
    try {
      installIn(bare, hasNode);
      const source = operationSource(newNames("ImportUsers"));
      const withNode = `import { readFile } from "node:fs/promises";\nexport const read = readFile;\n${source}`;
      writeFileSync(join(bare, "import-users.ts"), hasNode ? withNode : source);
      writeFileSync(join(bare, "tsconfig.json"), tsconfigSource(hasNode));
      // A compile takes seconds: one of all files, in which only this one is wrong.
      const wrong = operationSource(newNames("Other")).replace('p.stage("Save"', 'p.stage("Svae"');
      writeFileSync(join(bare, "other.ts"), wrong);
      const output = await tsc(compiler, ["-p", bare]);
      expect(output).not.toMatch(/^error /m);
      expect(parse(output).map(({ file }) => file)).toEqual(["other.ts"]);
    } finally {
      rmSync(bare, { recursive: true, force: true });
    }
  });
});

/** Makes the declarations those of an installed package. */
function installIn(project: string, hasNode: boolean): void {
  const liveops = join(project, "node_modules/liveops");
  mkdirSync(join(liveops, "dist"), { recursive: true });
  copyFileSync(join(root, "package.json"), join(liveops, "package.json"));
  symlinkSync(types, join(liveops, "dist/types"));
  if (hasNode) symlinkSync(join(root, "node_modules/@types"), join(project, "node_modules/@types"));
}

it("emits declarations of the public modules alone, which need no package but zod", () => {
  const emitted = readdirSync(types, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".d.ts"),
  );
  expect(emitted.length).toBeLessThan(40);
  const imported = emitted.flatMap((name) =>
    [...readFileSync(join(types, name), "utf8").matchAll(/from "([^"]+)"/g)].map(
      (match) => match[1]!,
    ),
  );
  expect(
    imported.filter((name) => !name.startsWith(".") && !/^zod(?:\/mini)?$/.test(name)),
  ).toEqual([]);
});
