/**
 * Odd successes on a real daemon: in the record, as a failure, once under kill -9, for actions, and
 * in the metrics.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { until } from "../../end-to-end/until.js";
import { useDaemon } from "../../harness/daemon.js";
import { scrape } from "../../harness/prometheus.js";

/**
 * `Dump` tells what it is given; `gate`: a file that it waits for. `Guarded` fails if it is odd.
 */
const OPS = {
  "dump.mjs": `
    import { existsSync } from "node:fs";
    import { setTimeout as delay } from "node:timers/promises";
    import { LiveOperation, z } from "liveops";
    const params = z.object({ bytes: z.number(), rows: z.number().default(9), gate: z.string().optional() });
    class Told extends LiveOperation {
      static params = params;
      static stages = ["Dump"];
      static resumable = true;
      async run(p) {
        const { bytes, rows, gate } = this.params;
        await p.stage("Dump", async () => {
          for (const _ of p.track(Array.from({ length: rows }, (_, i) => i), { unit: "row" })) ;
          while (gate && !existsSync(gate)) await delay(5, undefined, { signal: p.signal });
        });
        p.result({ bytes });
        if (this.constructor.op === "guarded") p.chainTo(Next, {});
      }
    }
    export class Next extends LiveOperation { async run() {} }
    export class Dump extends Told { static op = "dump"; }
    export class Guarded extends Told { static op = "guarded"; static failIfOdd = true; }`,
  "nightly.yaml": `
fail_if_odd: true
params: { told: { type: integer } }
stages:
  - name: Dump
    run: echo "size=$told" >>"$LIVEOPS_OUTPUT"
    outputs: [size]
`,
};

const GIB = 1024 ** 3;

const daemon = useDaemon({
  ops: OPS,
  config: { on: { odd: 'printf "$LIVEOPS_REASON" >"$LIVEOPS_OPERATION_ID.txt"' } },
});
const { client } = daemon;

const run = async (op: string, params: Record<string, unknown>) =>
  daemon.untilFinished((await daemon.submit(op, { params, env: { PATH: process.env.PATH! } })).id);

/** As many usual runs as are needed. */
async function usual(op: string): Promise<void> {
  for (const part of [19, 20, 21, 20.5, 19.5])
    expect((await run(op, { bytes: Math.round((part * GIB) / 10) })).odd).toBeUndefined();
}

const SMALL = Math.round(0.7 * GIB);
const ODD = {
  name: "bytes",
  value: SMALL,
  low: 1.9 * GIB,
  high: 2.1 * GIB,
  runs: 5,
  unit: "bytes",
};
const near = (odd: Operation["odd"]) =>
  odd?.map((each) => ({ ...each, low: Math.round(each.low), high: Math.round(each.high) }));

/** Whether a worker's file has the outcome of the operation. */
function hasOutcome(stateDir: string, id: string): boolean {
  const dir = join(stateDir, "workers");
  const files = readdirSync(dir).filter((name) => name.endsWith(".events.ndjson"));
  const lines = files.flatMap((name) => readFileSync(join(dir, name), "utf8").split("\n"));
  return lines.some((line) => line.includes(`"id":"${id}"`) && line.includes('"attempt:finished"'));
}

test("a success with a third of the size is odd, also after a restart, and its action runs", async () => {
  await usual("dump");
  await daemon.stop();
  await daemon.startAgain();
  const odd = await run("dump", { bytes: SMALL });
  expect(odd).toMatchObject({ state: "succeeded" });
  expect(near(odd.odd)).toEqual(near([ODD]));
  const file = join(daemon.world.home, `${odd.id}.txt`);
  await until("the action has run", () => existsSync(file) && readFileSync(file, "utf8") !== "");
  expect(readFileSync(file, "utf8")).toBe("bytes 0.7 GiB, usually 1.9 to 2.1 GiB");

  const none = await run("dump", { bytes: 2 * GIB, rows: 0 });
  expect(none.odd).toEqual([{ name: "Dump", value: 0, low: 9, high: 9, runs: 6, unit: "row" }]);
  // Counting begins with the first scrape.
  await scrape(daemon.world.socket);
  expect((await run("dump", { bytes: 0 })).odd).toHaveLength(1);
  expect((await run("dump", { bytes: 2 * GIB })).odd).toBeUndefined();
  const { value } = await scrape(daemon.world.socket);
  expect(value("liveops_operations_odd_total", { type: "dump" })).toBe(1);
});

test("failIfOdd fails the operation once, also where the daemon is killed before it has recorded the end", async () => {
  await usual("guarded");
  const gate = join(daemon.world.dir, "gate");
  const { id } = await daemon.submit("guarded", { params: { bytes: SMALL, gate } });
  await until("it waits", async () => (await client.show(id)).stageStates.Dump === "active");
  await daemon.kill();
  writeFileSync(gate, "");
  await until("the worker has written its outcome", () => hasOutcome(daemon.world.stateDir, id));
  await daemon.startAgain();
  expect(await daemon.untilFinished(id)).toMatchObject({
    state: "failed",
    attempt: 1,
    result: { bytes: SMALL },
    // Nothing starts after it.
    chain: { next: null },
    odd: [{ name: "bytes" }],
    error: {
      code: "LIVEOPS_ODD",
      message: `it succeeded with odd numbers: bytes 0.7 GiB, usually 1.9 to 2.1 GiB. If they are right, a retry that tells them again succeeds: liveops retry ${id}`,
    },
  });
  const types: string[] = [];
  for await (const { type } of client.events(id)) types.push(type);
  expect(types.filter((type) => type === "operation:finished")).toHaveLength(1);
  await client.retry(id);
  const retried = await daemon.untilFinished(id);
  expect(retried).toMatchObject({
    state: "succeeded",
    attempt: 2,
    odd: [{ name: "bytes" }],
    error: null,
  });
  expect(retried.chain.next).not.toBeNull();
});

test("fail_if_odd holds for a pipeline that was submitted by its text, and is told of a file", async () => {
  const { ops } = await client.types();
  expect(ops.find(({ op }) => op === "nightly")).toMatchObject({ failIfOdd: true });
  const text = OPS["nightly.yaml"];
  const whole = (told: number) =>
    run("pipeline", { text, path: "/x/nightly.yaml", params: { told } });
  for (const told of [1900, 2000, 2100, 2050, 1950])
    expect(await whole(told)).toMatchObject({ state: "succeeded" });
  expect(await whole(600)).toMatchObject({ state: "failed", error: { code: "LIVEOPS_ODD" } });
});
