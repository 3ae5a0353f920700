/** Settings that commands change: the queues and the schedules. */
import { describe, expect, test } from "vitest";
import { Bus } from "../../daemon/bus.js";
import { FleetSetting } from "../../daemon/features/fleet/store/fleet-setting.js";
import type { Schedule } from "../../daemon/features/schedules/schedule.js";
import { parseQueues, Queues, type SavedQueues } from "../../daemon/scheduler/queues.js";
import type { Setting } from "../../daemon/store/setting.js";
import { until } from "../end-to-end/until.js";
import { AT } from "../harness/records.js";
import { describeSeam, fleetSeam } from "./implementations.js";

const SCHEDULE: Schedule = {
  name: "nightly",
  cron: "0 3 * * *",
  zone: "UTC",
  catchup: "last",
  submit: { op: "noop" },
  createdAt: AT,
  lastDueAt: AT,
  lastOperation: null,
  missed: 0,
  lastProblem: null,
};

const add = (queues: Setting<SavedQueues>, name: string) =>
  queues.update((current) => ({ ...current, [name]: { concurrency: 2 } }));

const namesIn = (queues: Setting<SavedQueues>) => Object.keys(queues.value).sort();

describeSeam("settings", (seam) => {
  test("an update is there when it resolves, and for the next daemon", async () => {
    const opened = await seam.open();
    expect(opened.queues.value).toEqual({});
    expect(opened.schedules.value).toEqual([]);
    await add(opened.queues, "q1");
    await opened.schedules.update((all) => [...all, SCHEDULE]);
    expect(opened.queues.value).toEqual({ q1: { concurrency: 2 } });
    const again = await seam.reopen(opened);
    expect(again.queues.value).toEqual({ q1: { concurrency: 2 } });
    expect(again.schedules.value).toEqual([SCHEDULE]);
    await again.queues.update(() => ({}));
    expect((await seam.reopen(again)).queues.value).toEqual({});
  });

  test("concurrent updates lose nothing of each other", async () => {
    const opened = await seam.open();
    const names = Array.from({ length: 12 }, (_, index) => `q${String(index).padStart(2, "0")}`);
    await Promise.all(names.map((name) => add(opened.queues, name)));
    expect(namesIn(opened.queues)).toEqual(names);
    expect(namesIn((await seam.reopen(opened)).queues)).toEqual(names);
  });

  test("a listener is told of each change, once, with the new value", async () => {
    const opened = await seam.open();
    const seen: string[][] = [];
    opened.queues.onChange(() => seen.push(namesIn(opened.queues)));
    await add(opened.queues, "q1");
    await add(opened.queues, "q2");
    await opened.schedules.update((all) => [...all, SCHEDULE]);
    await opened.submit();
    expect(seen).toEqual([["q1"], ["q1", "q2"]]);
  });

  test("an update whose change throws changes nothing", async () => {
    const opened = await seam.open();
    await add(opened.queues, "q1");
    const failing = opened.queues.update(() => {
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(namesIn(opened.queues)).toEqual(["q1"]);
    await add(opened.queues, "q2");
    expect(namesIn((await seam.reopen(opened)).queues)).toEqual(["q1", "q2"]);
  });
});

describe("settings of two hosts", { tags: ["postgresql"] }, () => {
  const seam = fleetSeam();

  test("concurrent updates of two hosts lose nothing; both get all of them, and are told", async () => {
    const a = await seam.open();
    const b = await seam.second();
    const told = { a: 0, b: 0 };
    a.queues.onChange(() => told.a++);
    b.queues.onChange(() => told.b++);
    const names = Array.from({ length: 10 }, (_, index) => `q${index}`);
    await Promise.all(names.map((name, index) => add(index % 2 === 0 ? a.queues : b.queues, name)));
    await until("both hosts have all queues", () =>
      [a, b].every(({ queues }) => namesIn(queues).length === names.length),
    );
    expect(a.queues.value).toEqual(b.queues.value);
    expect(told.a).toBeGreaterThan(0);
    expect(told.b).toBeGreaterThan(0);
  });

  test("a queue that another host has just made exists", async () => {
    const a = await seam.open();
    // Follows nothing: as a host that the change has not reached yet.
    const saved = new FleetSetting<SavedQueues>("queues", {}, parseQueues, a.engine);
    const queues = new Queues({
      bus: new Bus(),
      settings: { concurrency: 2, queues: {}, flags: { concurrency: null } },
      saved,
    });
    await add(a.queues, "q1");
    await queues.check("q1");
    expect(queues.concurrency("q1")).toBe(2);
    await expect(queues.check("q2")).rejects.toThrow('there is no queue "q2"; queues: default, q1');
  });

  test("a row that was read before a change of this process does not bring the old value back", async () => {
    const { engine } = await seam.open();
    const setting = new FleetSetting<number>("n", 0, (json) => json as number, engine);
    await setting.update(() => 1);
    const [old] = await engine.settings();
    await setting.update((n) => n + 1);
    const values: number[] = [];
    setting.onChange(() => values.push(setting.value));
    setting.take(old!);
    expect(setting.value).toBe(2);
    await setting.update((n) => n + 1);
    expect(values).toEqual([3]);
  });

  test("the value of an engine that lost the last change counts", async () => {
    const { engine, fleet } = await seam.open();
    const setting = new FleetSetting<number>("n", 0, (json) => json as number, engine);
    await setting.update(() => 1);
    await setting.update(() => 2);
    fleet.sql("update liveops.setting set body = '1', version = 1");
    setting.take((await engine.settings())[0]!);
    await until("the setting has the engine's value", () => setting.value === 1);
    await setting.update((n) => n + 10);
    expect(setting.value).toBe(11);
  });
});
