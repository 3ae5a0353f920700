/**
 * The package of a running daemon is replaced by another version, or removed, while operations run.
 */
// @module-tag tar
import { spawn } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { newId } from "../../protocol/id.js";
import { Running } from "../end-to-end/bins.js";
import { until } from "../end-to-end/until.js";
import { useWorld } from "../end-to-end/world.js";
import { install, packed } from "../harness/installed-package.js";

const world = useWorld({ daemon: false });
const prefix = join(world.dir, "usr");
let tarball = "";

beforeAll(() => {
  tarball = packed(world.dir, {
    ...process.env,
    ...world.env,
    npm_config_cache: join(world.dir, "npm"),
  });
}, 60_000);

/** As a shell runs a bin on its PATH. */
function run(bin: string, ...words: string[]) {
  const child = spawn(process.execPath, [bin, ...words], { cwd: world.work, env: world.env });
  return new Running(child).ended;
}

async function succeeds(bin: string, ...words: string[]): Promise<string> {
  const ended = await run(bin, ...words);
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return ended.stdout + ended.stderr;
}

const PIPELINE = `stages:
  - name: Wait
    run: |
      echo "attempt=$LIVEOPS_ATTEMPT" >> "$LIVEOPS_OUTPUT"
      touch runs
      until [ -e go ]; do sleep 0.02; done
    outputs: [attempt]
  - name: Build
    each: { name: [a, b] }
    needs: [wait.yaml]
    makes: ["$name.txt"]
    run: cp wait.yaml "$name.txt"
  - name: After
    retry: { attempts: 2, backoff: 1ms }
    run: |
      [ -e failed ] || { touch failed; exit 1; }
finally: echo ended
`;

/** Operations that wait for the file `go`, of a program and of code; returns when they run. */
async function submitBoth(liveops: string): Promise<string[]> {
  world.write("work/wait.yaml", PIPELINE);
  const submit = async (...words: string[]) => (await succeeds(liveops, "submit", ...words)).trim();
  const running = [
    await submit("shell", "--", "sh", "-c", "until [ -e go ]; do sleep 0.02; done"),
    await submit("wait.yaml"),
  ];
  for (const id of running) await world.record(id, ({ currentStage }) => currentStage >= 0);
  await until("the script runs", () => existsSync(join(world.work, "runs")));
  return running;
}

/** An operation for which a slot is free, and which waits for another daemon. */
async function submitHeld(reason: string): Promise<string> {
  const { id } = await world.client.submit(
    { op: "shell", params: { script: "true" }, cwd: world.work },
    newId(),
  );
  // While npm replaces the package, it is removed for a moment.
  const held = await world.record(id, ({ blocked }) => blocked?.reason.includes(reason) === true);
  expect(held.state).toBe("queued");
  return id;
}

async function allSucceed(liveops: string, ids: string[]): Promise<void> {
  world.write("work/go", "");
  const ends = (await succeeds(liveops, "wait", ...ids)).trim().split("\n");
  expect(ends.sort()).toEqual(ids.map((id) => `${id} succeeded`).sort());
  for (const id of ids)
    expect(JSON.parse(await succeeds(liveops, "show", id, "--json"))).toMatchObject({ attempt: 1 });
  for (const name of ["go", "failed", "runs", "a.txt"])
    rmSync(join(world.work, name), { force: true });
}

test("after an upgrade restart adopts what runs, and status says which version runs what", async () => {
  const old = install(tarball, prefix);
  await succeeds(old("liveopsd"), "start", "--concurrency", "3");
  const { version, pid, package: place } = await world.client.daemon();
  const ids = await submitBoth(old("liveops"));

  const now = install(tarball, prefix, "0.9.0");
  // A worker that waits for it would load files of the new version.
  ids.push(await submitHeld("liveops 0.9.0 took the place of"));
  expect(await run(now("liveops"), "ls")).toMatchObject({
    code: 5,
    stderr: expect.stringContaining(
      `the daemon is liveops ${version}, this command is 0.9.0; use liveops ${version}, or run: liveops restart`,
    ),
  });
  const before = await succeeds(now("liveopsd"), "status");
  expect(before).toContain(
    `liveops was upgraded from ${version} to 0.9.0 (${place.dir}). The daemon starts no new operations until you restart it: liveops restart (running operations continue)`,
  );
  expect(await succeeds(now("liveopsd"), "start")).toContain(
    "until you restart it: liveops restart",
  );

  expect(await succeeds(now("liveopsd"), "restart")).toContain("kept 2 running operations");
  const after = await succeeds(now("liveopsd"), "status");
  expect(after).toMatch(/^liveopsd {4}0\.9\.0, pid/m);
  expect(after).toMatch(
    new RegExp(`^versions {4}liveops ${version} runs 2 running operations to the end$`, "m"),
  );
  expect(after).not.toContain("problem");
  const daemon = await run(now("liveopsd"), "status", "--json");
  expect(JSON.parse(daemon.stdout)).toMatchObject({
    version: "0.9.0",
    package: { installed: "0.9.0" },
    workers: { versions: expect.arrayContaining([{ version, operations: 2 }]) },
  });
  expect(JSON.parse(daemon.stdout)).not.toMatchObject({ pid });
  await allSucceed(now("liveops"), ids);
  await succeeds(now("liveopsd"), "stop");
}, 60_000);

test("a daemon whose package was removed hands over to a package elsewhere", async () => {
  const old = install(tarball, prefix);
  await succeeds(old("liveopsd"), "start", "--concurrency", "3");
  const { package: place } = await world.client.daemon();
  const ids = await submitBoth(old("liveops"));
  rmSync(prefix, { recursive: true, force: true });

  ids.push(await submitHeld("was removed"));
  const elsewhere = install(tarball, join(world.dir, "opt"));
  const before = await succeeds(elsewhere("liveopsd"), "status");
  expect(before).toContain(`The package of the daemon was removed (${place.dir})`);
  expect(before).toContain("liveops restart (running operations continue)");

  expect(await succeeds(elsewhere("liveopsd"), "restart")).toContain("kept 2 running operations");
  expect((await world.client.daemon()).package.dir).toBe(
    join(world.dir, "opt/lib/node_modules/liveops"),
  );
  await allSucceed(elsewhere("liveops"), ids);
  await succeeds(elsewhere("liveopsd"), "stop");
  await until(
    "the daemon is gone",
    async () => (await run(elsewhere("liveopsd"), "status")).code === 3,
  );
}, 60_000);
