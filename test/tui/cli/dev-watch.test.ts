/** The watch of `liveops dev`: saves of editors, and a system that watches nothing more. The bins: end-to-end/dev.test.ts */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadedFile } from "../../../ops/runner/type-files.js";
import { filesOfOptions, scriptsOf } from "../../../tui/cli/run/dev-sources.js";
import { SourceWatch } from "../../../tui/cli/run/dev-watch.js";
import { until } from "../../end-to-end/until.js";

let dir: string;
let watching: SourceWatch | null = null;
const changes: string[][] = [];
const limits: string[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "liveops-dev-watch-"));
  for (const said of [changes, limits]) said.length = 0;
});
afterEach(() => {
  watching?.close();
  rmSync(dir, { recursive: true, force: true });
});

const file = (name: string) => join(dir, name);
const write = (name: string, text: string) => writeFileSync(file(name), text);

function watchFiles(names: string[], watch?: ConstructorParameters<typeof SourceWatch>[2]): void {
  watching = new SourceWatch(
    (files) => changes.push(files.map((path) => path.slice(dir.length + 1))),
    ({ code }) => limits.push(code!),
    ...(watch ? [watch] : []),
  );
  watching.set(names.map((name) => loadedFile(file(name))));
}

const changed = (count = 1) => until(`${count} changes`, () => changes.length >= count);

test("a save by rename, by removal and by several writes is one change each; other files are none", async () => {
  for (const name of ["a.ts", "b.ts", "other.ts"]) write(name, "1");
  watchFiles(["a.ts", "b.ts"]);
  write("other.ts", "22");
  write(".a.ts.swp", "");
  write("a.ts.new", "22");
  renameSync(file("a.ts.new"), file("a.ts"));
  await changed(1);
  rmSync(file("b.ts"));
  write("b.ts", "333");
  write("b.ts", "4444");
  await changed(2);
  write("a.ts", "55555");
  write("b.ts", "666666");
  await changed(3);
  expect(changes).toEqual([["a.ts"], ["b.ts"], expect.arrayContaining(["a.ts", "b.ts"])]);
});

test("a change between the load and the watch counts, and a missing file that appears", async () => {
  write("a.ts", "1");
  const before = loadedFile(file("a.ts"));
  write("a.ts", "22");
  watchFiles([]);
  watching!.set([before, loadedFile(file("lib/b.ts"))]);
  await changed(1);
  mkdirSync(file("lib"));
  write("lib/b.ts", "1");
  await changed(2);
  rmSync(file("lib"), { recursive: true });
  await changed(3);
  expect(changes).toEqual([["a.ts"], ["lib/b.ts"], ["lib/b.ts"]]);
});

test("without inotify the change is found by a look, and the limit is told", async () => {
  write("a.ts", "1");
  watchFiles(["a.ts"], () => {
    throw Object.assign(new Error("no space"), { code: "ENOSPC" });
  });
  expect(limits[0]).toBe("ENOSPC");
  write("a.ts", "22");
  await changed();
  expect(changes).toEqual([["a.ts"]]);
});

test("scripts of a pipeline are the files that it names, and those beside them in a directory below", () => {
  for (const path of ["scripts", "other", "scripts/.git"]) mkdirSync(file(path));
  for (const name of [
    "run.sh",
    "output.log",
    "scripts/a.sh",
    "scripts/lib.sh",
    "scripts/.hidden",
    "other/x.sh",
  ])
    write(name, "");
  write(
    "deploy.yaml",
    'stages:\n  - run: ./run.sh "$target"\n  - { name: B, run: [bash, scripts/a.sh, sub/none.sh, scripts] }\n',
  );
  const found = scriptsOf(file("deploy.yaml"), file("work"));
  expect(found.map((path) => path.slice(dir.length + 1)).sort()).toEqual([
    "run.sh",
    "scripts/a.sh",
    "scripts/lib.sh",
  ]);
  expect(scriptsOf(file("none.yaml"), dir)).toEqual([]);
});

test("files of options are watched", () => {
  expect(filesOfOptions(["dev", "x", "--params", "@/a.json", "--env-file=/b.env", "--env", "A=1"])).toEqual([
    "/a.json",
    "/b.env",
  ]);
  expect(filesOfOptions(["--params", '{"a":1}', "--params=@/c.json"])).toEqual(["/c.json"]);
});
