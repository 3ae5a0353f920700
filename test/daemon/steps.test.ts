/**
 * Steps on a real daemon: kill -9 of the daemon and of the worker between them, a retry, a cancel,
 * the watch stream.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Operation, Step } from "../../protocol/operation.js";
import { until } from "../end-to-end/until.js";
import { useDaemon } from "../harness/daemon.js";

/** Each step notes its begin, waits for its gate, and returns a value. */
const GATES = `
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Gates extends LiveOperation {
  static stages = ["Check", "Ship"];
  static resumable = true;
  static params = z.object({ dir: z.string(), program: z.boolean().default(false) });
  async run(p) {
    const { dir, program } = this.params;
    const values = await p.stage("Check", () => p.each(["a", "b", "c", "d", "e"], async (name, s) => {
      appendFileSync(dir + "/ran", this.attempt + name + " ");
      s.log("begun");
      if (program) return s.exec("sleep", ["600"]);
      while (!existsSync(dir + "/" + name)) await delay(5, undefined, { signal: s.signal });
      if (existsSync(dir + "/" + name + "-fails-" + this.attempt)) throw new Error(name + " broke");
      return name + this.attempt;
    }, { atOnce: 3 }));
    await p.stage("Ship", () => {
      appendFileSync(dir + "/ran", this.attempt + "ship ");
      if (this.attempt < 3) throw new Error("no ship");
    });
    p.result(values);
  }
}
`;

/** The second step takes no time, apart from the wait for its gate. */
const WEIGHED = `
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { LiveOperation, z } from "liveops";

export class Weighed extends LiveOperation {
  static stages = ["Check"];
  static params = z.object({ gate: z.string() });
  async run(p) {
    await p.stage("Check", () => p.parallel({
      slow: () => delay(300),
      quick: async (s) => {
        while (!existsSync(this.params.gate)) await delay(5, undefined, { signal: s.signal });
      },
    }, { atOnce: 1 }));
  }
}
`;

const daemon = useDaemon({ ops: { "gates.mjs": GATES, "weighed.mjs": WEIGHED } });

async function gates(params: Record<string, unknown> = {}) {
  const dir = mkdtempSync(join(daemon.world.dir, "gates-"));
  const { id } = await daemon.submit("gates", { params: { dir, ...params } });
  const shown = async (fits: (steps: readonly Step[], record: Operation) => boolean) => {
    const when = async () => {
      const record = await daemon.client.show(id);
      return fits(record.steps?.Check ?? [], record) && record;
    };
    return until("the steps are so", when, async () =>
      JSON.stringify(await daemon.client.show(id)),
    );
  };
  return {
    id,
    shown,
    open: (...names: string[]) => names.map((name) => writeFileSync(join(dir, name), "")),
    ran: () => (existsSync(join(dir, "ran")) ? readFileSync(join(dir, "ran"), "utf8").trim() : ""),
  };
}

const statesOf = (steps: readonly Step[]) =>
  steps.map(({ name, state }) => `${name} ${state}`).join(", ");
const are = (states: string) => (steps: readonly Step[]) => statesOf(steps) === states;

test("the bar of a stage weighs its steps by earlier runs of the type, also after a restart of the daemon", async () => {
  const gate = join(daemon.world.dir, "gate");
  const submit = async () => (await daemon.submit("weighed", { params: { gate } })).id;
  const atHalf = async () => {
    rmSync(gate, { force: true });
    const id = await submit();
    const bar = () =>
      daemon.client.show(id).then(({ progress, percent }) => progress?.done === 1 && percent);
    const percent = await until("one of two steps is done", bar);
    // A run that is cancelled is no measure for later ones. The gate stays shut: an open one can
    // overtake the cancel.
    await daemon.client.cancel(id);
    expect((await daemon.untilFinished(id)).state).toBe("cancelled");
    return percent;
  };
  writeFileSync(gate, "");
  await daemon.untilFinished(await submit());
  expect(await atHalf()).toBeGreaterThan(60);
  await daemon.stop();
  await daemon.startAgain();
  expect(await atHalf()).toBeGreaterThan(60);
});

test("a killed daemon changes nothing, a killed worker costs the steps that ran, and a retry does one step again", async () => {
  const { id, shown, open, ran } = await gates();
  await shown(are("a active, b active, c active"));
  open("b");
  await shown(are("a active, b done, c active, d active"));
  await daemon.kill();
  open("a");
  await until("the worker goes on without the daemon", () => ran().includes("1e"));
  await daemon.startAgain();
  const adopted = await shown(are("a done, b done, c active, d active, e active"));
  expect(adopted).toMatchObject({
    state: "running",
    attempt: 1,
    stepCounts: { Check: { total: 5, done: 2 } },
  });

  process.kill(adopted.pid!, "SIGKILL");
  const resumed = await shown((steps, { attempt }) => attempt === 2 && steps.length === 5);
  expect(resumed.steps!.Check!.map(({ name, resumed, reason }) => [name, resumed, reason])).toEqual(
    [
      ["a", true, "done in attempt 1"],
      ["b", true, "done in attempt 1"],
      ["c", false, null],
      ["d", false, null],
      ["e", false, null],
    ],
  );
  open("c", "d", "e");
  const failed = await daemon.untilFinished(id);
  expect(failed).toMatchObject({ state: "failed", error: { message: "no ship" } });
  expect(ran()).toBe("1a 1b 1c 1d 1e 2c 2d 2e 2ship");

  await expect(daemon.client.retry(id, { from: "Check/x" })).rejects.toThrow(
    '"x" is not a step of the stage "Check"; its steps: a, b, c, d, e',
  );
  // The record of a finished operation is in the journal.
  await daemon.kill();
  await daemon.startAgain();
  expect((await daemon.client.show(id)).steps).toEqual(failed.steps);
  await daemon.client.retry(id, { from: "Check/d" });
  const last = await daemon.untilFinished(id);
  expect(ran()).toBe("1a 1b 1c 1d 1e 2c 2d 2e 2ship 3d 3ship");
  expect(last).toMatchObject({ state: "succeeded", result: ["a1", "b1", "c2", "d3", "e2"] });
  expect(last.steps!.Check!.map(({ reason }) => reason)).toEqual([
    "done in attempt 1",
    "done in attempt 1",
    "done in attempt 2",
    null,
    "done in attempt 2",
  ]);
  const lines = await daemon.client.log(id, { limit: 100 });
  const begun = lines.lines.filter(({ text }) => text === "begun");
  expect(begun.map(({ stage, step, attempt }) => `${stage}/${step} ${attempt}`)).toContain(
    "Check/d 3",
  );
});

test("a step that fails ends the others, which a retry runs", async () => {
  const { id, shown, open, ran } = await gates();
  await shown(are("a active, b active, c active"));
  open("a");
  await shown(are("a done, b active, c active, d active"));
  open("b-fails-1", "b");
  const failed = await daemon.untilFinished(id);
  expect(failed).toMatchObject({ state: "failed", error: { message: "b broke" } });
  expect(statesOf(failed.steps!.Check!)).toBe("a done, b failed, c ended, d ended");
  expect(failed.stepCounts).toEqual({ Check: { total: 5, done: 1, failed: 1, ended: 2 } });
  open("c", "d", "e");
  await daemon.client.retry(id);
  await daemon.untilFinished(id);
  expect(ran()).toBe("1a 1b 1c 1d 2b 2c 2d 2e 2ship");
});

test("a cancel and a pause reach the programs of all steps, and a watch stream has the steps", async () => {
  const { id, shown } = await gates({ program: true });
  await shown(are("a active, b active, c active"));
  const watched = new Set<string>();
  const watching = (async () => {
    for await (const line of daemon.client.watch({ operation: id })) {
      const first = line.type === "snapshot" ? line.operations[0]! : {};
      const { steps }: Partial<Operation> = line.type === "changed" ? line.patch : first;
      if (steps?.Check) watched.add(statesOf(steps.Check));
      if (line.type === "end") return;
    }
  })();
  await until("the stream has begun", () => watched.size > 0);
  await daemon.client.pause(id);
  await shown((_steps, { pause }) => pause?.since != null);
  await daemon.client.resume(id);
  await daemon.client.cancel(id);
  await watching;
  const { state, steps } = await daemon.client.show(id);
  expect(state).toBe("cancelled");
  expect(statesOf(steps!.Check!)).toBe("a cancelled, b cancelled, c cancelled");
  expect([...watched].at(-1)).toBe("a cancelled, b cancelled, c cancelled");
});
