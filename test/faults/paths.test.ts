/**
 * A hostile second user: paths that this user could make or change are not used, our files are not
 * written where this user can read or replace them, and no client connects to this user's socket.
 * As root, the tests give files to another user; otherwise they use modes that let others write.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadType } from "../../ops/loading/catalogue.js";
import { Client } from "../../protocol/client/client.js";
import type { TypesReply } from "../../protocol/replies.js";
import type { Ended } from "../end-to-end/bins.js";
import { World } from "../harness/world.js";
import { runBin } from "./run-bin.js";

const isRoot = process.geteuid?.() === 0;
/** No user of any machine that runs these tests. */
const OTHER = 4242;

function newWorld(): World {
  const world = new World();
  onTestFinished(async () => {
    await runBin(world, "liveopsd", ["stop", "--now"]);
    await world.close();
  });
  return world;
}

/** Gives the path to another user, or lets others write to it where that cannot be. */
function spoil(path: string): void {
  if (isRoot) chownSync(path, OTHER, OTHER);
  else chmodSync(path, 0o777);
}

const SPOILED = /belongs to another user|may be written by others/;

const TYPED = `import { LiveOperation, type Progress } from "liveops";
export class Typed extends LiveOperation<typeof Typed> {
  static stages = ["Look"] as const;
  async run(p: Progress<Typed>) {
    const { TMPDIR, TSX_DISABLE_CACHE } = process.env;
    p.result(await p.stage("Look", () => ({ TMPDIR, TSX_DISABLE_CACHE })));
  }
}
`;

function operation(name: string): string {
  return `import { LiveOperation } from "liveops";
export class ${name} extends LiveOperation { static stages = ["A"]; async run(p) { await p.stage("A", () => {}); } }
`;
}

async function resultOf(world: World, env: Record<string, string>): Promise<unknown> {
  const ended = await runBin(world, "liveops", ["submit", "typed", "--wait", "--json"], { env });
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return (JSON.parse(ended.stdout) as { result: unknown }).result;
}

test("TypeScript leaves nothing in the temporary directory, and removes nothing there", async () => {
  const world = newWorld();
  const temporary = join(world.dir, "tmp");
  mkdirSync(join(temporary, "tsx"), { recursive: true });
  writeFileSync(join(temporary, "tsx", "precious"), "");
  // Over 1 MiB: esbuild takes such a source by way of a file.
  const file = world.writeOp("typed.ts", `${TYPED}${`// ${"x".repeat(97)}\n`.repeat(12_000)}`);
  chmodSync(file, 0o600);
  const seen: string[] = [];
  const watcher = watch(temporary, { recursive: true }, (_, name) => seen.push(String(name)));
  onTestFinished(() => watcher.close());
  const env = { TMPDIR: temporary };
  await runBin(world, "liveopsd", ["start"], { env });
  expect(await resultOf(world, env)).toEqual({ TMPDIR: temporary });
  // The supervisor of `run` has a directory of its own there, mode 0700.
  const run = await runBin(world, "liveops", ["run", "typed"], { env });
  expect(run, run.stderr).toMatchObject({ code: 0 });
  expect(seen.filter((name) => !name.startsWith("liveops-run-"))).toEqual([]);
  expect(readdirSync(temporary, { recursive: true }).sort()).toEqual(["tsx", "tsx/precious"]);
  const cache = join(world.home, ".cache", "liveops", "typescript");
  expect(statSync(cache).mode & 0o777).toBe(0o700);
});

test.each([
  ["a missing temporary directory", { TMPDIR: "missing" }],
  ["a cache that cannot be made", { TMPDIR: "/proc", XDG_CACHE_HOME: "/proc/nobody" }],
])("TypeScript runs with %s", async (_, env) => {
  const world = newWorld();
  world.writeOp("typed.ts", TYPED);
  await runBin(world, "liveopsd", ["start"], { env });
  expect(await resultOf(world, env)).toEqual({ TMPDIR: env.TMPDIR });
});

test("a cache directory that another user could write to is not used", async () => {
  const world = newWorld();
  world.writeOp("typed.ts", TYPED);
  const cache = join(world.home, ".cache", "liveops", "typescript");
  mkdirSync(cache, { recursive: true });
  spoil(cache);
  await runBin(world, "liveopsd", ["start"]);
  await resultOf(world, {});
  expect(readdirSync(cache)).toEqual([]);
});

test.each(["symbolic link", "hard link"])(
  "a %s in the place of a lock: the start is refused, and the file it leads to stays as it is",
  async (kind) => {
    const world = newWorld();
    mkdirSync(world.stateDir, { mode: 0o700 });
    const victim = join(world.dir, "victim");
    const elsewhere = join(world.dir, "elsewhere.sock");
    const places = [`${elsewhere}.lock`];
    // In the state directory a symbolic link is put aside.
    if (kind === "hard link")
      places.push(`${world.socket}.lock`, join(world.stateDir, "liveopsd.lock"));
    for (const place of places) {
      writeFileSync(victim, "what the victim wrote\n");
      chmodSync(victim, 0o644);
      rmSync(place, { force: true });
      if (kind === "symbolic link") symlinkSync(victim, place);
      else linkSync(victim, place);
      const words = place.startsWith(elsewhere) ? ["--socket", elsewhere] : [];
      const refused = await runBin(world, "liveopsd", ["start", ...words]);
      expect(refused.code, refused.stderr).toBe(2);
      expect(refused.stderr).toContain(`${place} is a ${kind}`);
      expect(readFileSync(victim, "utf8"), place).toBe("what the victim wrote\n");
      expect(statSync(victim).mode & 0o777, place).toBe(0o644);
      rmSync(place);
    }
  },
);

test("a symbolic link in the place of a lock or the log in the state directory is not followed, and the start says so", async () => {
  const world = newWorld();
  mkdirSync(world.stateDir, { mode: 0o700 });
  const victim = join(world.dir, "victim");
  for (const name of ["liveopsd.sock.lock", "liveopsd.lock", "liveopsd.log"]) {
    const place = join(world.stateDir, name);
    writeFileSync(victim, "what the victim wrote\n");
    chmodSync(victim, 0o644);
    rmSync(place, { force: true });
    symlinkSync(victim, place);
    const started = await runBin(world, "liveopsd", ["start"]);
    expect(started.code, started.stderr).toBe(0);
    expect(started.stderr).toContain(`${place} is a symbolic link`);
    const status = await runBin(world, "liveopsd", ["status"]);
    expect(status.stdout + status.stderr).toContain(`${place} is a symbolic link`);
    // The daemon works without its log.
    const link = name === "liveopsd.log" ? place : `${place}.damaged-1`;
    expect(readlinkSync(link)).toBe(victim);
    await runBin(world, "liveopsd", ["stop"]);
    expect(readFileSync(victim, "utf8"), place).toBe("what the victim wrote\n");
    expect(statSync(victim).mode & 0o777, place).toBe(0o644);
  }
});

test("a socket in a directory where another user could replace it is refused, a sticky one is not", async () => {
  const world = newWorld();
  const dir = join(world.dir, "shared");
  mkdirSync(dir);
  const socket = join(dir, "d.sock");
  chmodSync(dir, 0o777);
  const refused = await runBin(world, "liveopsd", ["start", "--socket", socket]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain(`${dir} may be written by others`);
  expect(readdirSync(dir)).toEqual([]);
  chmodSync(dir, 0o1777);
  const started = await runBin(world, "liveopsd", ["start", "--socket", socket]);
  expect(started, started.stderr).toMatchObject({ code: 0 });
  expect(await runBin(world, "liveopsd", ["stop", "--socket", socket])).toMatchObject({ code: 0 });
});

test("a state directory below one where another user could replace it is refused", async () => {
  const world = newWorld();
  const above = join(world.dir, "above");
  mkdirSync(above);
  spoil(above);
  const stateDir = join(above, "state");
  const refused = await runBin(world, "liveopsd", ["start", "--state-dir", stateDir]);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(SPOILED);
  expect(existsSync(stateDir)).toBe(false);
});

async function typesOf(world: World): Promise<TypesReply> {
  const { stdout, stderr } = await runBin(world, "liveops", ["ops", "--json"]);
  expect(stderr).toBe("");
  return JSON.parse(stdout) as TypesReply;
}

test("an operations file that another user could write is not run and hides no other: itself, or one that it imports", async () => {
  const world = newWorld();
  world.writeOp("good.mjs", operation("Good"));
  const bad = world.writeOp("bad.mjs", operation("Bad"));
  const helper = world.writeOp("_helper.mjs", "export const n = 1;\n");
  const user = world.writeOp("user.mjs", `import "./_helper.mjs";\n${operation("User")}`);
  await runBin(world, "liveopsd", ["start"]);
  expect((await typesOf(world)).errors).toEqual([]);
  const mode = statSync(bad).mode & 0o777;
  for (const file of [bad, helper]) spoil(file);
  const { ops, errors } = await typesOf(world);
  expect(ops.filter(({ file }) => dirname(file) === world.opsDir).map(({ op }) => op)).toEqual([
    "good",
  ]);
  expect(errors.map(({ file }) => file).sort()).toEqual([bad, user].sort());
  for (const { message } of errors) expect(message).toMatch(SPOILED);
  expect((await runBin(world, "liveops", ["run", "bad"])).code).toBe(4);
  for (const file of [bad, helper]) {
    if (isRoot) chownSync(file, 0, 0);
    chmodSync(file, mode);
  }
  expect((await typesOf(world)).errors).toEqual([]);
});

test("an operations file that another user could write is refused in every process that loads it", async () => {
  const world = newWorld();
  const file = world.writeOp("late.mjs", operation("Late"));
  spoil(file);
  // As a worker does, whatever the loader found before.
  await expect(loadType(file, "late")).rejects.toThrow(SPOILED);
});

test("an operations directory that another user could write is reported, and nothing of it is loaded", async () => {
  const world = newWorld();
  const other = join(world.dir, "other");
  mkdirSync(other);
  writeFileSync(join(other, "bad.mjs"), operation("Bad"));
  world.writeOp("good.mjs", operation("Good"));
  spoil(other);
  await runBin(world, "liveopsd", ["start", "--ops", other]);
  const { ops, errors } = await typesOf(world);
  expect(ops.map(({ op }) => op)).toContain("good");
  expect(ops.map(({ op }) => op)).not.toContain("bad");
  expect(errors).toEqual([{ file: other, message: expect.stringMatching(SPOILED) }]);
});

test("a config file that another user could write is not used, and a start is refused", async () => {
  const world = newWorld();
  const config = join(world.home, ".config", "liveops", "config.json");
  mkdirSync(dirname(config), { recursive: true });
  writeFileSync(config, '{"concurrency": 1}');
  const allowed = await runBin(world, "liveops", ["ls"]);
  expect(allowed.code).toBe(3);
  writeFileSync(config, JSON.stringify({ socket: join(world.dir, "other.sock") }));
  spoil(config);
  const refused = await runBin(world, "liveopsd", ["start"]);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(SPOILED) });
  const warned = await runBin(world, "liveops", ["ls"]);
  expect(warned).toMatchObject({ code: 3, stderr: expect.stringMatching(SPOILED) });
  expect(warned.stderr).toContain("no setting of the file is used");
  expect(warned.stderr).not.toContain("other.sock");
});

/** A server of another user's, on the socket's path; counts who connects. */
async function foreignServer(path: string): Promise<{ connections: number }> {
  const seen = { connections: 0 };
  const server = createServer((connection) => {
    seen.connections++;
    connection.destroy();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => void server.close());
  return seen;
}

test("a client sends nothing to a socket that another user made, or could have put there", async () => {
  const world = newWorld();
  const dir = join(world.dir, "shared");
  mkdirSync(dir);
  const socket = join(dir, "d.sock");
  const server = await foreignServer(socket);
  const ask = (): Promise<Ended[]> =>
    Promise.all([
      runBin(world, "liveops", ["ls", "--socket", socket]),
      runBin(world, "liveops", ["submit", "backup", "--socket", socket]),
      runBin(world, "liveops", ["watch", "--socket", socket]),
      runBin(world, "liveops", ["tui", "--socket", socket]),
      runBin(world, "liveopsd", ["status", "--socket", socket]),
      runBin(world, "liveopsd", ["start", "--socket", socket]),
    ]);
  chmodSync(dir, 0o777);
  for (const { code, stderr } of await ask()) {
    expect(code, stderr).toBe(5);
    expect(stderr).toContain(`${dir} may be written by others`);
  }
  chmodSync(dir, 0o1777);
  if (isRoot) {
    chownSync(socket, OTHER, OTHER);
    for (const { code, stderr } of await ask()) {
      expect(code, stderr).toBe(5);
      expect(stderr).toContain(`${socket} belongs to another user (uid ${OTHER})`);
    }
  }
  expect(server.connections).toBe(0);
});

test("a socket that this user may not open: the error says whose it is and what to do", async () => {
  const { dir } = newWorld();
  const socket = join(dir, "d.sock");
  await foreignServer(socket);
  const denied = () => new Client(socket).list().catch((error: Error) => error);
  const expected = (why: string) => ({
    code: "LIVEOPS_SOCKET_NOT_OURS",
    message: `the socket ${socket} cannot be opened: ${why}`,
  });
  if (isRoot) {
    // A socket of root is safe to use, but another user may not.
    process.seteuid!(OTHER);
    try {
      expect(await denied()).toMatchObject(
        expected(
          `${dir} belongs to uid 0 (root) and denies access to uid ${OTHER}; ` +
            "run the command as the owner, or choose another socket with --socket",
        ),
      );
    } finally {
      process.seteuid!(0);
    }
    return;
  }
  chmodSync(socket, 0o400);
  expect(await denied()).toMatchObject(
    expected(`${socket} denies you access (mode 400); run: chmod 600 ${socket}`),
  );
  chmodSync(dir, 0o600);
  expect(await denied()).toMatchObject(
    expected(`${dir} denies you access (mode 600); run: chmod u+rwx ${dir}`),
  );
  chmodSync(dir, 0o700);
});
