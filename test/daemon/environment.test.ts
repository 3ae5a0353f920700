/**
 * The environment of operations with a real daemon: what reaches them, what does not, and what
 * liveops sets.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Operation } from "../../protocol/operation.js";
import { TestDaemon, useDaemon } from "../harness/daemon.js";

const OPS = {
  "env.mjs": `
    import { execFileSync } from "node:child_process";
    import { readFileSync } from "node:fs";
    import { LiveOperation, z } from "liveops";
    const atTop = { ...process.env };
    const childs = () => Object.fromEntries(
      execFileSync("env", ["-0"], { encoding: "utf8" }).split("\\0").filter(Boolean).map((line) => line.split(/=(.*)/s)));
    /** The title shows the environment of the process that computed the title. */
    export class Shows extends LiveOperation {
      static title = () => "loaded with " + Object.keys(atTop).sort().join(" ");
      async run(p) {
        p.result({ own: { ...process.env }, child: childs(), atTop });
        process.env.LEFT_BEHIND = "x";
        delete process.env.HOME;
      }
    }
    export class Stages extends LiveOperation {
      static stages = ["Load", "Save"];
      async run(p) {
        const seen = [];
        const look = () => seen.push(childs().LIVEOPS_STAGE ?? null);
        look();
        await p.stage("Load", async () => {
          look();
          await p.untracked("Warm up", look);
          look();
        });
        look();
        await p.untracked("Other", look);
        await p.stage("Save", look).catch(() => {});
        look();
        p.result({ seen, attempt: childs().LIVEOPS_ATTEMPT });
      }
    }
    export class Fails extends LiveOperation {
      async run(p) {
        p.log("attempt " + childs().LIVEOPS_ATTEMPT + " of " + childs().LIVEOPS_OPERATION_ID);
        if (this.attempt === 1) throw new Error("once");
      }
    }
    export class First extends LiveOperation {
      async run(p) { p.chainTo(Second, {}); }
    }
    export class Second extends LiveOperation {
      async run(p) { p.result(childs()); }
    }`,
};

/** Of the daemon's shell: a secret, a setting of Node, and the base. */
const SHELL = {
  MY_SECRET: "daemon",
  SSH_AUTH_SOCK: "/agent",
  NODE_OPTIONS: "--no-warnings",
  VIRTUAL_ENV: "/venv",
  LC_TIME: "C",
  TZ: "UTC",
};

const OPERATION = [
  "LIVEOPS_ATTEMPT",
  "LIVEOPS_CHAIN",
  "LIVEOPS_SLOT",
  "LIVEOPS_OP",
  "LIVEOPS_OPERATION_ID",
  "LIVEOPS_WORKER",
];

interface Shown {
  own: Record<string, string>;
  child: Record<string, string>;
  atTop: Record<string, string>;
}

const shared = useDaemon({ ops: OPS, env: SHELL, concurrency: 1 });

/** The finished record, with the title of the submit, which the loader computed. */
async function finished(op: string, env: Record<string, string> = {}, daemon = shared) {
  const { id, title } = await daemon.submit(op, { env });
  const record = { ...(await daemon.untilFinished(id)), title };
  expect(record, JSON.stringify(record.error)).toMatchObject({ state: "succeeded" });
  return record as Operation & { result: Shown };
}

test("an operation has the base, its submit's variables and its own; nothing else of the daemon's", async () => {
  const base = ["HOME", "LC_TIME", "PATH", "TZ"];
  for (const env of [{ TZ: "Asia/Tokyo", TOKEN: "t" }, {}] as Record<string, string>[]) {
    const { id, title, result } = await finished("shows", env);
    const expected = [...new Set([...base, ...Object.keys(env), ...OPERATION])].sort();
    expect(Object.keys(result.child).sort()).toEqual(expected);
    // The second operation runs in the same worker: nothing of the first is left.
    expect(result.own).toEqual(result.child);
    expect(result.child).toMatchObject({
      HOME: shared.world.home,
      TZ: "UTC",
      ...env,
      LIVEOPS_OPERATION_ID: id,
      LIVEOPS_CHAIN: id,
      LIVEOPS_SLOT: expect.stringMatching(/^[12]$/),
      LIVEOPS_OP: "shows",
      LIVEOPS_ATTEMPT: "1",
    });
    expect(title).toBe(`loaded with ${base.join(" ")}`);
  }
});

test("the worker's own process shows no secret of the daemon either", async () => {
  await finished("shows");
  const others = shared.world.processes().filter((pid) => pid !== shared.pid);
  expect(others.length).toBeGreaterThan(0);
  for (const pid of others)
    expect(readFileSync(`/proc/${pid}/environ`, "utf8")).not.toContain("MY_SECRET");
});

test("env.fromDaemon of the config file names what operations get from the daemon; a submit overrides it", async () => {
  const config = { env: { fromDaemon: ["SSH_*", "VIRTUAL_ENV", "NODE_OPTIONS"] } };
  await using daemon = await TestDaemon.start({ ops: OPS, env: SHELL, config });
  const { result } = await finished("shows", { VIRTUAL_ENV: "/mine" }, daemon);
  const { child, atTop } = result;
  expect(child).toMatchObject({
    SSH_AUTH_SOCK: "/agent",
    VIRTUAL_ENV: "/mine",
    NODE_OPTIONS: "--no-warnings",
  });
  expect(child).not.toHaveProperty("MY_SECRET");
  expect(atTop).toMatchObject({ SSH_AUTH_SOCK: "/agent" });
});

test("LIVEOPS_STAGE is that of the innermost running stage, tracked or not, and absent outside", async () => {
  const { result } = (await finished("stages")) as { result: unknown };
  expect(result).toEqual({
    seen: [null, "Load", "Warm up", "Load", null, "Other", "Save", null],
    attempt: "1",
  });
});

test("a retry has its own LIVEOPS_ATTEMPT; the links of a chain have its id and the first one's variables", async () => {
  const { id } = await shared.submit("fails");
  expect(await shared.untilFinished(id)).toMatchObject({ state: "failed" });
  await shared.client.retry(id);
  expect(await shared.untilFinished(id)).toMatchObject({ state: "succeeded" });
  const { lines } = await shared.client.log(id);
  expect(lines.map(({ text }) => text)).toEqual([`attempt 1 of ${id}`, `attempt 2 of ${id}`]);

  const first = await finished("first", { TOKEN: "t" });
  const second = await shared.untilFinished(first.chain.next!);
  expect(second.result).toMatchObject({
    LIVEOPS_CHAIN: first.id,
    LIVEOPS_OPERATION_ID: second.id,
    LIVEOPS_OP: "second",
    TOKEN: "t",
  });
});

test.each(["LIVEOPS_OPERATION_ID", "LIVEOPS_STAGE", "LIVEOPS_WORKER", "LIVEOPS_RUN"])(
  "a submit that sets %s is refused",
  async (name) => {
    await expect(
      shared.submit("load-process-save", { env: { [name]: "x" } }),
    ).rejects.toMatchObject({
      code: "LIVEOPS_BAD_REQUEST",
      message: expect.stringContaining(`env.${name}: the name is reserved for liveops`),
    });
  },
);
