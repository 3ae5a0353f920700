/**
 * A daemon of the harness with the types of `operations/`, and helpers that the fault tests share.
 */
import { readFileSync } from "node:fs";
import { expect, type TestFunction, test } from "vitest";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import { until as eventually } from "../end-to-end/until.js";
import { type DaemonOptions, TestDaemon } from "../harness/daemon.js";
import { type Dice, FULL } from "./mode.js";

export { eventually };

/** A test of the complete form only. */
export function completeTest(name: string, body: TestFunction): void {
  if (FULL) test(name, body);
}

export function operations(...names: string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => [
      `${name}.mjs`,
      readFileSync(new URL(`./operations/${name}.mjs`, import.meta.url), "utf8"),
    ]),
  );
}

export function startDaemon(
  names: string[],
  options: Omit<DaemonOptions, "ops"> = {},
): Promise<TestDaemon> {
  return TestDaemon.start({ ...options, ops: operations(...names) });
}

/** The record once it fits. */
export function recordThat(
  daemon: TestDaemon,
  id: string,
  fits: (record: Operation) => boolean,
): Promise<Operation> {
  return eventually(
    `operation ${id} fits ${fits}`,
    async () => {
      const record = await daemon.client.show(id);
      return fits(record) ? record : null;
    },
    () => daemon.client.show(id),
  );
}

export function untilFinished(daemon: TestDaemon, id: string): Promise<Operation> {
  return recordThat(daemon, id, (record) => isFinal(record.state));
}

/** The process that runs the operation's present attempt, as it said itself when it accepted. */
export async function workerOf(daemon: TestDaemon, id: string): Promise<number> {
  let pid: number | null = null;
  for await (const event of daemon.client.events(id))
    if (event.type === "attempt:accepted") pid = event.pid;
  if (pid === null) throw new Error(`no worker accepted ${id}`);
  return pid;
}

/** Once the operation's worker accepted its present attempt and is in a stage. */
export async function inStage(daemon: TestDaemon, id: string, stage: string): Promise<number> {
  await recordThat(daemon, id, (record) => record.stageStates[stage] === "active");
  return workerOf(daemon, id);
}

/** The whole log, page by page. */
export async function wholeLog(daemon: TestDaemon, id: string): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (;;) {
    const page = await daemon.client.log(id, { after: lines.at(-1)?.n ?? 0, limit: 10_000 });
    lines.push(...page.lines);
    if (page.next === null) return lines;
  }
}

/** Numbers run from 1 to the record's count, none missing and none twice. */
export function expectNoGap(lines: readonly LogLine[], record: Operation): void {
  expect(lines.map(({ n }) => n)).toEqual(
    Array.from({ length: record.logLines }, (_, index) => index + 1),
  );
}

/** Events and lines of an operation run from 1 to the record's last number without a gap. */
export async function expectWholeStory(daemon: TestDaemon, record: Operation): Promise<void> {
  const numbers: number[] = [];
  for await (const line of daemon.client.events(record.id, { log: true }))
    if (line.type !== "end" && line.seq > 0) numbers.push(line.seq);
  expect(numbers, `events of ${record.id}`).toEqual(
    Array.from({ length: record.seq }, (_, index) => index + 1),
  );
}

/** The end of the daemon's life, and its next one; returns how many kills that took. */
export async function strike(daemon: TestDaemon, dice: Dice): Promise<number> {
  let kills = 1;
  await dice.moment(0, 700);
  if (dice.chance(0.25)) {
    // It dies while it stops: in the middle of its checkpoint, or after it.
    daemon.signal("SIGTERM");
    await dice.moment(0, 60);
  }
  await daemon.kill();
  while (dice.chance(0.2)) {
    // It dies before it answers, or just then.
    const starting = daemon.startAgain().catch(() => {});
    await dice.moment(0, 400);
    await daemon.kill();
    await starting;
    kills++;
  }
  await daemon.startAgain();
  return kills;
}

/** Once no operation is queued or running. */
export function untilIdle(daemon: TestDaemon, ms: number): Promise<unknown> {
  return eventually(
    "nothing is queued or running any more",
    async () => {
      const { queued, running } = (await daemon.client.daemon()).counts;
      return queued + running === 0;
    },
    () => daemon.client.list({ state: ["queued", "running"] }),
    ms,
  );
}

/** All operations, which are finished. */
export async function everyOperation(daemon: TestDaemon): Promise<Operation[]> {
  const all: Operation[] = [];
  let before: string | undefined;
  do {
    const page = await daemon.client.list({ limit: 500, ...(before !== undefined && { before }) });
    all.push(...page.operations);
    before = page.next ?? undefined;
  } while (before !== undefined);
  expect(all.every(({ state }) => isFinal(state))).toBe(true);
  return all;
}
