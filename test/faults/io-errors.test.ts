/**
 * An I/O error of the disk: the daemon stops, and the next daemon recovers. A cancel file that
 * cannot be written does not prevent a stop. A quota or a file size limit counts as a full disk.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { segmentName } from "../../daemon/store/journal.js";
import type { TestDaemon } from "../harness/daemon.js";
import { disk, useFailingDisk } from "../harness/failing-disk.js";
import { OpenStore } from "../harness/store.js";
import { useDirectories } from "../harness/temporary.js";
import { counts } from "./mode.js";
import { eventually, inStage, recordThat, startDaemon, untilFinished, wholeLog } from "./start.js";
import { record } from "./tally.js";

useFailingDisk();
const directory = useDirectories();

interface Failure {
  call: "write" | "sync" | "rename" | "open" | "truncate";
  /** A regular expression. */
  path: string;
  code: string;
  /** What must stand in what is written; default: any. */
  text?: string;
}

/** The calls of the file system that fail in every process of a daemon's world. */
class FailingCalls implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), "liveops-failures-"));
  readonly #file = join(this.#dir, "failures.json");

  constructor() {
    this.set();
  }

  get env(): Record<string, string> {
    const preload = new URL("./failing-calls.mjs", import.meta.url);
    preload.searchParams.set("file", this.#file);
    return { NODE_OPTIONS: `--import ${preload.href}` };
  }

  set(...failures: Failure[]): void {
    writeFileSync(this.#file, JSON.stringify(failures));
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true });
  }
}

function logOf(daemon: TestDaemon): string {
  return readFileSync(join(daemon.world.stateDir, "liveopsd.log"), "utf8");
}

const gateOf = (daemon: TestDaemon) => join(daemon.world.dir, "gate");

test.each([
  { call: "write", path: "/journal/", code: "EIO" },
  { call: "sync", path: "/journal/", code: "EIO" },
  { call: "write", path: "/journal/", code: "EROFS" },
] as const)(
  "$code at a $call of the journal while an operation finishes: the daemon stops with 70 and says why, the next one has it",
  async (failure) => {
    using calls = new FailingCalls();
    await using daemon = await startDaemon(["gate"], { env: calls.env });
    const gate = gateOf(daemon);
    const { id } = await daemon.submit("gate", { params: { gate } });
    await inStage(daemon, id, "Wait");
    calls.set(failure);
    writeFileSync(`${gate}.1`, "");
    expect((await daemon.exited()).code).toBe(70);
    expect(logOf(daemon)).toMatch(new RegExp(`"err":.*${failure.code}.*could not be written`));
    calls.set();
    await daemon.startAgain();
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
    expect(readFileSync(`${gate}.ran`, "utf8").trim().split("\n")).toHaveLength(1);
    record({
      fault: `${failure.code} at a ${failure.call} of the journal`,
      injected: 1,
      survived: 1,
      lost: 0,
      duplicated: 0,
    });
  },
);

/** The first ones in the short form. */
const AT_THE_STOP: Failure[] = [
  { call: "sync", path: "/state\\.json\\.tmp$", code: "EIO" },
  { call: "write", path: "/history/\\d+\\.ndjson$", code: "EIO" },
  { call: "open", path: "/state\\.json\\.tmp$", code: "EIO" },
  { call: "rename", path: "/state\\.json", code: "EIO" },
  { call: "sync", path: "/history/\\d+\\.ndjson$", code: "EIO" },
];

test.each(AT_THE_STOP.slice(0, counts(2, AT_THE_STOP.length)))(
  "$code at a $call of $path at the stop: the daemon ends with 70 and says why, the next one has it all",
  async (failure) => {
    using calls = new FailingCalls();
    await using daemon = await startDaemon(["gate"], { env: calls.env });
    const gate = gateOf(daemon);
    writeFileSync(`${gate}.1`, "");
    const { id } = await daemon.submit("gate", { params: { gate } });
    await untilFinished(daemon, id);
    calls.set(failure);
    daemon.signal("SIGTERM");
    expect((await daemon.exited()).code).toBe(70);
    expect(logOf(daemon)).toMatch(/could not be written/);
    calls.set();
    await daemon.startAgain();
    expect(await daemon.client.show(id)).toMatchObject({ state: "succeeded", attempt: 1 });
    expect((await daemon.client.list()).operations).toHaveLength(1);
    expect((await daemon.client.daemon()).problems).toEqual([]);
    record({
      fault: `I/O error at a checkpoint`,
      injected: 1,
      survived: 1,
      lost: 0,
      duplicated: 0,
    });
  },
);

describe("the cancel file cannot be written", () => {
  const FAILURES: Failure[] = [
    { call: "open", path: "/cancel\\.tmp$", code: "EIO" },
    { call: "sync", path: "/cancel\\.tmp$", code: "EROFS" },
    { call: "rename", path: "/cancel\\.tmp$", code: "EDQUOT" },
  ];

  test.each(FAILURES)(
    "$code at its $call: the cancel is recorded, the operation is killed after its grace period",
    async (failure) => {
      using calls = new FailingCalls();
      await using daemon = await startDaemon(["stubborn"], { env: calls.env });
      const { id } = await daemon.submit("deaf");
      await inStage(daemon, id, "Wait");
      calls.set(failure);
      expect(await daemon.client.cancel(id)).toMatchObject({ cancelRequested: true });
      expect(await untilFinished(daemon, id)).toMatchObject({ state: "cancelled", attempt: 1 });
      expect((await daemon.client.daemon()).pid).toBe(daemon.pid);
      record({
        fault: "cancel file not written",
        injected: 1,
        survived: 1,
        lost: 0,
        duplicated: 0,
      });
    },
  );

  test("it is tried again until it is there", async () => {
    using calls = new FailingCalls();
    await using daemon = await startDaemon(["gate"], { env: calls.env });
    const { id } = await daemon.submit("gate", { params: { gate: gateOf(daemon) } });
    process.kill(await inStage(daemon, id, "Wait"), "SIGSTOP");
    calls.set(FAILURES[0]!);
    await daemon.client.cancel(id);
    const file = join(daemon.world.stateDir, "runs", id, "1", "cancel");
    expect(existsSync(file)).toBe(false);
    calls.set();
    await eventually("the cancel file is there", () => existsSync(file));
  });

  test.each(["too-long", "deaf-too-long"])(
    "a timeout is enforced all the same, and said: %s",
    async (op) => {
      using calls = new FailingCalls();
      await using daemon = await startDaemon(["stubborn"], { env: calls.env });
      calls.set(FAILURES[0]!);
      const { id } = await daemon.submit(op);
      expect(await untilFinished(daemon, id)).toMatchObject({
        state: "failed",
        error: { code: "LIVEOPS_TIMEOUT" },
      });
    },
  );
});

test("a timeout that finds the disk full is recorded and enforced when there is room", async () => {
  using calls = new FailingCalls();
  await using daemon = await startDaemon(["stubborn"], { env: calls.env });
  calls.set({ call: "write", path: "/journal/", code: "ENOSPC", text: '"cancel:requested"' });
  const { id } = await daemon.submit("deaf-too-long");
  await eventually("it was tried", () => logOf(daemon).includes("could not be recorded yet"));
  expect((await daemon.client.show(id)).state).toBe("running");
  calls.set();
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "failed",
    error: { code: "LIVEOPS_TIMEOUT" },
  });
});

test.each(["ENOSPC", "EDQUOT", "EFBIG"])(
  "%s is a full disk: in the journal, in run files, at a checkpoint",
  async (code) => {
    using calls = new FailingCalls();
    await using daemon = await startDaemon(["gate"], { env: calls.env });
    const gate = gateOf(daemon);
    const { id } = await daemon.submit("gate", { params: { gate } });
    await inStage(daemon, id, "Wait");
    calls.set(
      { call: "write", path: "/journal/", code },
      { call: "write", path: "/runs/", code },
      { call: "sync", path: "/state\\.json\\.tmp$", code },
    );
    await expect(daemon.submit("gate", { params: { gate } })).rejects.toMatchObject({
      code: "LIVEOPS_STORE_FULL",
    });
    writeFileSync(`${gate}.1`, "");
    await recordThat(daemon, id, ({ noRoomSince }) => noRoomSince !== null);
    expect((await daemon.client.daemon()).pid).toBe(daemon.pid);
    calls.set();
    expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
    record({ fault: `${code} everywhere`, injected: 1, survived: 1, lost: 0, duplicated: 0 });
  },
);

test("EIO at the end of the log: the worker ends, and the log of the operation says why", async () => {
  using calls = new FailingCalls();
  await using daemon = await startDaemon(["gate"], { env: calls.env });
  const gate = gateOf(daemon);
  const { id } = await daemon.submit("gate", { params: { gate, chatty: true } });
  await inStage(daemon, id, "Wait");
  calls.set({ call: "sync", path: `/runs/${id}`, code: "EIO" });
  writeFileSync(`${gate}.1`, "");
  expect(await untilFinished(daemon, id)).toMatchObject({
    state: "failed",
    error: { code: "LIVEOPS_WORKER_LOST" },
  });
  const said = {
    stream: "stderr",
    text: expect.stringContaining("the run files cannot be written: EIO"),
  };
  expect((await wholeLog(daemon, id)).at(-1)).toMatchObject(said);
  calls.set();
  await daemon.stop();
  await daemon.startAgain();
  expect((await wholeLog(daemon, id)).at(-1)).toMatchObject(said);
});

describe("in the store alone", () => {
  test("an I/O error of a checkpoint breaks it: nothing is taken after that, and it is said once", async () => {
    const open = await OpenStore.open(directory());
    const id = await open.finished("succeeded");
    disk.syncErrors = ["EIO"];
    await expect(open.store.checkpoint()).rejects.toThrow("EIO");
    await expect(open.submit()).rejects.toThrow("EIO");
    await expect(open.store.checkpoint()).rejects.toThrow("EIO");
    expect(open.broken).toHaveLength(1);
    disk.heal();
    await open.close();
    const next = await OpenStore.open(open.dir);
    expect(next.seen()).toEqual([`${id} succeeded 1`]);
    await next.close();
  });

  test("an I/O error at the next segment of the journal breaks it, and the next start has it all", async () => {
    const open = await OpenStore.open(directory());
    const text = "x".repeat(8000);
    for (let n = 0; n < 40; n++) await open.submit({ params: { text } });
    const seen = open.seen();
    const next = join(open.layout.journal, segmentName(41));
    mkdirSync(next);
    await expect(open.store.checkpoint()).rejects.toThrow("EISDIR");
    await expect(open.submit()).rejects.toThrow("EISDIR");
    expect(open.broken).toHaveLength(1);
    await open.close();
    rmdirSync(next);
    const again = await OpenStore.open(open.dir);
    expect(again.seen()).toEqual(seen);
    await again.close();
  });

  test("what was half sealed when the disk was full and nothing could be cut off is found once", async () => {
    const open = await OpenStore.open(directory());
    const ids = [await open.finished("succeeded"), await open.finished("failed")];
    disk.room = 300;
    disk.cutsNothing = true;
    await expect(open.store.checkpoint()).rejects.toThrow("ENOSPC");
    disk.heal();
    ids.push(await open.finished("cancelled"));
    await open.store.checkpoint();
    for (const id of ids) expect(open.store.find(id)?.record.id).toBe(id);
    expect(open.broken).toEqual([]);
    await open.close();
    const next = await OpenStore.open(open.dir);
    expect(next.seen()).toHaveLength(3);
    for (const id of ids) expect(next.store.find(id)?.record.id).toBe(id);
    await next.close();
  });
});
