/**
 * The pipelines of ops/examples do their work: with the real bins, a real database, and through a
 * failure.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { followChain } from "../../protocol/client/follow.js";
import type { Operation } from "../../protocol/operation.js";
import { Postgres } from "../harness/postgres.js";
import { filesWith } from "./files-with.js";
import { useWorld } from "./world.js";

const ROOT = new URL("../..", import.meta.url).pathname;
const EXAMPLES = join(ROOT, "ops/examples");
const NAMES = ["build-and-test", "build-checkout", "compress-directory", "dump-database"];

const world = useWorld({ examples: true });

/** The record at the end of the present attempt. A build takes longer than `until` waits. */
async function finished(id: string): Promise<Operation> {
  for await (const { line } of followChain(world.client, id)) if (line.type === "end") break;
  return await world.client.show(id);
}

test("check accepts each example, and an operations directory offers it", async () => {
  const checked = await world.liveops(["check", EXAMPLES]);
  expect(checked, checked.stderr).toMatchObject({ code: 0, stderr: "" });
  const files = globSync("*.yaml", { cwd: EXAMPLES }).sort();
  expect(files).toEqual(NAMES.map((name) => `${name}.yaml`));
  const { stdout, stderr } = await world.liveops(["ops", "--json"]);
  expect(stderr).toBe("");
  const { ops } = JSON.parse(stdout) as { ops: Array<{ op: string }> };
  expect(ops.map(({ op }) => op)).toEqual(expect.arrayContaining(NAMES));
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  for (const file of files) {
    const text = readFileSync(join(EXAMPLES, file), "utf8");
    // To be read in one go.
    expect(text.split("\n").length, file).toBeLessThanOrEqual(61);
    for (const [, name] of text.matchAll(/npm run --silent (\w+)/g))
      expect(scripts).toHaveProperty(name!);
  }
});

/**
 * A checkout with the commands that the pipelines run. Each command does nothing but the one thing
 * that is looked at.
 */
function writeCheckout(): string {
  const scripts = { build: "mkdir dist && echo built >dist/file", types: "tsc", test: "vitest" };
  world.write("checkout/package.json", JSON.stringify({ scripts }));
  world.write("checkout/tsconfig.json", "{}");
  world.write("checkout/.biome.json", "{}");
  world.write("checkout/package-lock.json", "{}");
  world.write("checkout/node_modules/.package-lock.json", "{}");
  const checkout = join(world.dir, "checkout");
  for (const sources of ["daemon", "tui", "protocol", "ops", "test", "bench", "scripts"])
    world.write(`checkout/${sources}/source.ts`, "");
  const commands = { biome: "", tsc: "", vitest: "test -e dist/file && echo tested" };
  for (const [name, lines] of Object.entries(commands)) {
    const file = world.write(`checkout/node_modules/.bin/${name}`, `#!/bin/sh\n${lines}\n`);
    chmodSync(file, 0o755);
  }
  return checkout;
}

test("build-and-test builds and tests a checkout in a copy", async () => {
  const checkout = writeCheckout();
  const copy = join(world.dir, "copy");
  const id = await world.submit(
    "build-and-test",
    `checkout=${checkout}`,
    `copy=${copy}`,
    "tests=a test",
  );
  const record = await finished(id);
  const log = (await world.lines(id)).join("\n");
  expect(record, log).toMatchObject({
    state: "succeeded",
    stageStates: {
      Copy: "done",
      "Link modules": "done",
      Install: "skipped",
      Build: "done",
      Test: "done",
    },
    result: { outputs: { bytes: expect.stringMatching(/^\d+$/) } },
  });
  expect(log).toContain("tested");
  expect(existsSync(join(copy, "dist/file"))).toBe(true);
  expect(existsSync(join(checkout, "dist"))).toBe(false);
});

test("build-checkout checks a checkout, and has nothing to do the second time", async () => {
  const checkout = writeCheckout();
  const run = async () => {
    const id = await world.submit("build-checkout", "--cwd", checkout);
    return { record: await finished(id), lines: await world.lines(id) };
  };
  const first = await run();
  expect(first.record, first.lines.join("\n")).toMatchObject({ state: "succeeded" });
  expect(first.record.stepCounts).toEqual({ Check: { total: 4, done: 4 } });
  const unit = first.record.steps!.Check!.find(({ name }) => name === "unit")!;
  const build = first.record.steps!.Check!.find(({ name }) => name === "build")!;
  expect(Date.parse(unit.startedAt)).toBeGreaterThanOrEqual(Date.parse(build.finishedAt!));

  const second = await run();
  expect(second.record, JSON.stringify(second.record.steps)).toMatchObject({
    state: "succeeded",
    stageStates: { Install: "up-to-date", Check: "up-to-date" },
    stepCounts: { Check: { total: 4, "up-to-date": 4 } },
  });
});

test("compress-directory continues at the file that failed", async () => {
  const names = ["a b", "-dash", "line\nend", 'deep/it\'s "quoted" $HOME', "empty"];
  const textOf = (name: string) => (name === "empty" ? "" : `text of ${name}\n`.repeat(1000));
  for (const name of names) world.write(`work/source/${name}`, textOf(name));
  // Sorted last but one, so that files before it are done.
  const obstacle = join(world.work, "packed/empty.gz.part");
  mkdirSync(obstacle, { recursive: true });
  const id = await world.submit("compress-directory", "source=source", "target=packed", "level=9");
  expect(await finished(id)).toMatchObject({
    state: "failed",
    stageStates: { List: "done", Compress: "failed" },
    error: { message: expect.stringContaining("compress-directory.yaml:") },
  });
  const first = () => statSync(join(world.work, "packed/a b.gz")).ino;
  const before = first();

  rmdirSync(obstacle);
  expect(await world.liveops(["retry", id])).toMatchObject({ code: 0 });
  expect(await finished(id)).toMatchObject({
    state: "succeeded",
    stageStates: { List: "done", Compress: "done", Checksum: "done", Verify: "done" },
    stageTimes: { List: { resumed: true } },
    result: { outputs: { files: "5" } },
  });
  expect(first()).toBe(before);
  const events = await world.liveops(["watch", id, "--json"]);
  expect(events.stdout).toContain('"percent":100,"progress":{"done":5,"total":5,"unit":"files"');

  for (const name of names) {
    expect(gunzipSync(readFileSync(join(world.work, `packed/${name}.gz`))).toString(), name).toBe(
      textOf(name),
    );
  }
  execFileSync("sha256sum", ["--check", "--quiet", "SHA256SUMS"], {
    cwd: join(world.work, "packed"),
  });
  expect(globSync("packed/{.files,**/*.part}", { cwd: world.work })).toEqual([]);
}, 120_000);

describe("with a database", { tags: ["postgresql"] }, () => {
  let server: Postgres;
  beforeAll(async () => {
    server = await new Postgres().start();
  }, 120_000);
  afterAll(() => server?.stop());

  test("dump-database dumps, proves the dump, drops the scratch database, and keeps the password to itself", async () => {
    server.sql("postgres", "create database shop");
    server.sql(
      "shop",
      `create table item (id serial primary key, name text not null);
     create table sale (item int references item, at timestamptz default now());
     insert into item (name) select 'item ' || n from generate_series(1, 500) n;
     insert into item (name) values (E'-- tab\\t, line\\nend, \\\\.');
     insert into sale (item) select id from item where id % 2 = 0;`,
    );
    const words = ["database=shop", "into=dumps", `host=${server.dir}`, "password=env:PGPASSWORD"];
    const env = { PATH: `${server.bin}:${world.env.PATH}`, PGPASSWORD: "a wrong word" };
    const submitted = await world.liveops(["submit", "dump-database", ...words], { env });
    expect(submitted, submitted.stderr).toMatchObject({ code: 0 });
    const id = submitted.stdout.trim();
    expect(await finished(id)).toMatchObject({ state: "failed", result: { failedStage: "Dump" } });
    expect((await world.lines(id)).join("\n")).toContain(
      'password authentication failed for user "postgres"',
    );

    const retried = await world.liveops(["retry", id], {
      env: { ...env, PGPASSWORD: server.password },
    });
    expect(retried, retried.stderr).toMatchObject({ code: 0 });
    const record = await finished(id);
    const log = (await world.lines(id)).join("\n");
    expect(record, log).toMatchObject({ state: "succeeded", result: { outputs: { tables: "2" } } });

    // The dump is a dump: restored once more, by hand.
    const dump = join(world.work, "dumps/shop.dump");
    expect(record.result).toMatchObject({ outputs: { bytes: String(statSync(dump).size) } });
    expect(existsSync(`${dump}.part`)).toBe(false);
    server.sql("postgres", "create database again");
    execFileSync(
      join(server.bin, "pg_restore"),
      ["--exit-on-error", "-h", server.dir, "-U", "postgres", "-d", "again", dump],
      { env: { PGPASSWORD: server.password } },
    );
    const rows = (database: string) =>
      server.sql(
        database,
        "select md5(string_agg(item::text, '|' order by id)), (select count(*) from sale) from item",
      );
    expect(rows("again")).toBe(rows("shop"));
    expect(server.sql("postgres", "select datname from pg_database where datname ~ 'proof'")).toBe(
      "",
    );

    expect(filesWith(world.state, "dump-database")).not.toEqual([]);
    expect(filesWith(world.state, "a wrong word")).toEqual([]);
    expect(filesWith(world.state, server.password)).toEqual([]);
  }, 120_000);
});
