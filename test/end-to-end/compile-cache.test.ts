/** What a start keeps for the next one: the user's alone, and never in the way of a start. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { isAlive } from "./processes.js";
import { until } from "./until.js";
import { World } from "./world.js";

function emptyWorld() {
  const world = new World().make();
  delete world.env.NODE_COMPILE_CACHE;
  onTestFinished(() => world.close());
  const cache = join(world.dir, "home", ".cache", "liveops");
  return { world, cache };
}

/** Files below, by their path. */
function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: "utf8" })
    .map((name) => join(dir, name))
    .filter((path) => lstatSync(path).isFile());
}

async function startAndStop(world: World): Promise<void> {
  await world.startDaemon();
  const { pid, problems } = await world.client.daemon();
  expect(problems).toEqual([]);
  await world.client.stop();
  // A daemon writes the cache at its end: `stop` may be quicker.
  await until("the daemon has ended", () => !isAlive(pid));
}

async function filled({ world, cache }: ReturnType<typeof emptyWorld>): Promise<string[]> {
  // The first three runs of a bundle write.
  for (let runs = 0; runs < 3; runs++) await startAndStop(world);
  const found = files(cache).filter(
    (file) => !file.includes(".tmp") && lstatSync(file).size > 100_000,
  );
  expect(found).not.toEqual([]);
  return found;
}

/** Of a kept file: empty, torn, flipped, something else. */
const DAMAGES: Array<(bytes: Buffer) => Buffer> = [
  () => Buffer.alloc(0),
  (bytes) => bytes.subarray(0, bytes.length >> 1),
  (bytes) => bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 64),
  () => Buffer.from("not compiled code\n".repeat(1000)),
];

test("it is kept where nobody else may enter, taken by the next start as it is, and in no start's way if damaged", async () => {
  const it = emptyWorld();
  const found = await filled(it);
  expect(lstatSync(it.cache).mode & 0o777).toBe(0o700);
  for (const file of found) expect(lstatSync(file).mode & 0o077, file).toBe(0);
  const before = found.map((file) => lstatSync(file).mtimeMs);
  await startAndStop(it.world);
  expect(found.map((file) => lstatSync(file).mtimeMs)).toEqual(before);

  const whole = found.map((file) => [file, readFileSync(file)] as const);
  for (const damage of DAMAGES) {
    for (const [file, bytes] of whole) writeFileSync(file, damage(Buffer.from(bytes)));
    await startAndStop(it.world);
  }
});

test("two installations keep their code apart", async () => {
  const { world, cache } = emptyWorld();
  const other = join(world.dir, "other");
  for (const file of ["bin/liveops.cjs", "compile-cache.cjs", "command-ls.cjs"])
    cpSync(join("dist", file), join(other, file));
  const help = ["ls", "--help"];
  await world.liveops(help);
  execFileSync(process.execPath, [join(other, "bin/liveops.cjs"), ...help], { env: world.env });
  expect(files(cache).filter((file) => file.endsWith("command-ls.cjs"))).toHaveLength(2);
});

test("a worker and the loader take it too, no operation gets a variable of the start, and a later run adds to it", async () => {
  const { world, cache } = emptyWorld();
  const look = `import { getCompileCacheDir } from "node:module";
    import { LiveOperation } from "liveops";
    const { env } = process;
    const seen = () => [getCompileCacheDir(), env.NODE_COMPILE_CACHE ?? env.MALLOC_TRIM_THRESHOLD_ ?? null];
    const loader = seen();
    export class Look extends LiveOperation {
      static title = () => JSON.stringify(loader);
      async run(p) { p.result(seen()); }
    }`;
  world.write("ops/look.mjs", look);
  world.env.LIVEOPS_OPS = join(world.dir, "ops");
  await world.startDaemon();
  const { title, result } = await world.finished(await world.submit("look"));
  expect(result).toEqual([expect.stringContaining(`${cache}/`), null]);
  expect(title).toBe(JSON.stringify(result));

  // A later run adds the functions that it called.
  const bytesAfter = async (...words: string[]) => {
    expect(await world.liveops(words)).toMatchObject({ code: 0 });
    return lstatSync(files(cache).find((file) => file.endsWith("command-ls.cjs"))!).size;
  };
  const ofHelp = await bytesAfter("ls", "--help");
  expect(await bytesAfter("ls")).toBeGreaterThan(ofHelp * 1.1);
});

test("no use is made of a directory that others may write, nor of a file in its place", async () => {
  const { world, cache } = emptyWorld();
  mkdirSync(cache, { recursive: true });
  chmodSync(cache, 0o777);
  expect(await world.liveops(["ls", "--help"])).toMatchObject({ code: 0, stderr: "" });
  expect(readdirSync(cache)).toEqual([]);

  const other = world.write("other/liveops", "a file");
  const env = { XDG_CACHE_HOME: join(world.dir, "other") };
  expect(await world.liveops(["ls", "--help"], { env })).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(other, "utf8")).toBe("a file");
});

test("a home that cannot be written keeps nobody from starting", async () => {
  const { world } = emptyWorld();
  const env = { XDG_CACHE_HOME: "/proc/nobody" };
  await world.startDaemon([], { env });
  expect(await world.client.daemon()).toMatchObject({ problems: [] });
});
