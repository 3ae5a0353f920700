/**
 * `liveops/client` with the real daemon: typed submits, streams over deaths of the daemon, waiting,
 * errors.
 */
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { Shell } from "../../ops/shell.js";
import {
  connect,
  type LiveopsClient,
  LiveopsError,
  type LogLine,
  NoDaemonError,
  type Operation,
  Refusal,
} from "../../protocol/client/index.js";
import { Gate } from "./operations/gate.js";
import { useWorld } from "./world.js";

const world = useWorld({ operations: ["gate"] });
const liveops = connect({ socket: world.socket });
afterEach(() => world.quiet());

let gates = 0;
const newGate = () => join(world.dir, `client-gate-${++gates}`);
const open = (gate: string) => writeFileSync(gate, "");

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Kills the daemon and starts the next one. */
async function replaceDaemon(): Promise<void> {
  await world.killDaemon();
  await world.startDaemon();
}

describe("submitting", () => {
  test("a class and a name give the same, with directory, environment and label of the caller", async () => {
    const cwd = realpathSync(world.work);
    const env = { LIVEOPS_TEST_CLIENT: "here" };
    const args = ["sh", "-c", 'pwd; echo "$LIVEOPS_TEST_CLIENT"; command -v sh'];
    const byClass = await liveops.submit(Shell, { args }, { cwd, env, label: "mine" });
    expect(byClass).toMatchObject({
      op: "shell",
      label: "mine",
      cwd,
    });
    const byName = await liveops.submit("shell", { args }, { cwd, env });
    for (const { id } of [byClass, byName]) {
      expect(await liveops.wait(id, { timeout: 20 })).toMatchObject({ id, state: "succeeded" });
      const lines = await all(liveops.log(id, { stream: "stdout" }));
      expect(lines.map(({ text }) => text)).toEqual([cwd, "here", expect.stringMatching(/sh$/)]);
    }
  });
});

describe("following", () => {
  /** The states of the operation, as the watch of all that fit shows them. */
  async function statesOf(id: string): Promise<string[]> {
    const seen: string[] = [];
    for await (const { operations, counts, changed } of liveops.watch({ op: "gate" })) {
      for (const { op } of operations.values()) expect(op).toBe("gate");
      if (changed !== null) expect(operations.get(changed.id)).toBe(changed);
      const record = operations.get(id);
      if (record) seen.push(record.state);
      if (record?.state === "succeeded" && counts.running === 0) break;
    }
    return seen;
  }

  test("log lines and the watch of a filter come once each, in order, over two deaths of the daemon", async () => {
    const gate = newGate();
    const { id } = await liveops.submit(Gate, { file: gate });
    const states = statesOf(id);
    const seen: LogLine[] = [];
    const notes: string[] = [];
    let replaced: Promise<void> | undefined;
    const settings = { onLost: () => notes.push("lost"), onBack: () => notes.push("back") };
    let deaths = 0;
    for await (const line of liveops.log(id, { follow: true }, settings)) {
      seen.push(line);
      if (notes.length === 4) open(gate);
      else if (notes.length === 2 * deaths) {
        deaths++;
        replaced = (replaced ?? Promise.resolve()).then(replaceDaemon);
      }
    }
    await replaced;
    expect(notes).toEqual(["lost", "back", "lost", "back"]);
    expect(seen).toEqual(await all(liveops.log(id)));
    expect(seen.map(({ n }) => n)).toEqual(seen.map((_, index) => index + 1));
    expect(seen).toHaveLength((await liveops.get(id)).logLines);
    expect(await states).toContain("running");
    expect((await states).at(-1)).toBe("succeeded");
  });

  test("watch yields the record until the chain is finished, over a death of the daemon", async () => {
    const [first, second] = [newGate(), newGate()];
    const { id } = await liveops.submit(Gate, { file: first, next: second });
    const seen: Operation[] = [];
    let replaced: Promise<void> | undefined;
    for await (const operation of liveops.watch(id)) {
      seen.push(operation);
      if (operation.id === id && operation.currentStage === 1 && replaced === undefined) {
        replaced = replaceDaemon().then(() => open(first));
      }
      if (operation.id !== id && operation.currentStage === 1) open(second);
    }
    await replaced;
    const last = seen.at(-1)!;
    expect(last).toMatchObject({ state: "succeeded", chain: { previous: id }, percent: 100 });
    expect(new Set(seen.map((operation) => operation.id))).toEqual(new Set([id, last.id]));
    expect(await liveops.wait(id)).toEqual(last);
    expect((await liveops.wait(id, { chain: false })).id).toBe(id);
    const alone = await all(liveops.watch(id, { chain: false }));
    expect(alone.at(-1)).toMatchObject({ id, state: "succeeded" });
  });

  test("the log, whole, its end, and filtered", async () => {
    const { id } = await liveops.submit("shell", { args: ["seq", "25000"] });
    await liveops.wait(id);
    const texts = async (filter: Parameters<LiveopsClient["log"]>[1]) =>
      (await all(liveops.log(id, { stream: "stdout", ...filter }))).map(({ text }) => text);
    expect(await texts({})).toEqual(Array.from({ length: 25_000 }, (_, n) => `${n + 1}`));
    expect(await texts({ tail: 3 })).toEqual(["24998", "24999", "25000"]);
    expect(await texts({ tail: 12_000 })).toEqual(
      Array.from({ length: 12_000 }, (_, n) => `${n + 13_001}`),
    );
    expect(await texts({ tail: 0 })).toEqual([]);
    expect(await texts({ grep: /2499/g })).toHaveLength(13);
    expect(await texts({ grep: /^1234.$/, tail: 1 })).toEqual(["12349"]);
  });
});

describe("errors", () => {
  test("a refusal has code, status, detail and near names", async () => {
    const refused = await liveops.submit("shel").catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toBeInstanceOf(LiveopsError);
    expect(refused).toMatchObject({
      code: "LIVEOPS_NO_SUCH_TYPE",
      status: 404,
      extra: { nearest: ["shell"] },
    });
    const invalid = liveops.submit("shell", { args: 1 });
    await expect(invalid).rejects.toMatchObject({
      code: "LIVEOPS_PARAMS_INVALID",
      detail: expect.stringContaining("args"),
    });
    const nameless = (() => class extends Gate {})();
    await expect(liveops.submit(nameless, { file: "" })).rejects.toThrow("write: static op =");
  });

  test("no daemon: every call says so, and how to start one", async () => {
    const nowhere = connect({ socket: join(world.dir, "no.sock") });
    for (const call of [
      nowhere.get("abc123"),
      nowhere.submit("shell", { args: ["true"] }),
      all(nowhere.watch()),
      all(nowhere.log("abc123", { follow: true })),
      nowhere.wait("abc123"),
    ]) {
      const error = await call.catch((error: unknown) => error);
      expect(error).toBeInstanceOf(NoDaemonError);
      expect(error).toMatchObject({ code: "LIVEOPS_NO_DAEMON", status: null, reason: "ENOENT" });
      expect((error as NoDaemonError).detail).toContain("start it with: liveops start");
    }
  });

  test("no daemon: message and detail have the command that starts it there", async () => {
    const dir = join(world.dir, "no state");
    for (const [options, flag] of [
      [{ socket: join(world.dir, "no.sock") }, `--socket ${join(world.dir, "no.sock")}`],
      [{ stateDir: dir }, `--state-dir '${dir}'`],
    ] as const) {
      const error = await connect(options)
        .get("abc123")
        .catch((error: unknown) => error as NoDaemonError);
      const said = expect.stringMatching(
        /^no daemon answers on .*; start it with: liveops start --/,
      );
      expect(error).toMatchObject({ message: said, detail: said });
      expect((error as NoDaemonError).detail.endsWith(`liveops start ${flag}`)).toBe(true);
      expect((error as NoDaemonError).message).toBe((error as NoDaemonError).detail);
    }
  });

  test("a wait that takes too long, and what is aborted", async () => {
    const { id } = await liveops.submit(Gate, { file: newGate() });
    await expect(liveops.wait(id, { timeout: 0.05 })).rejects.toMatchObject({
      code: "LIVEOPS_WAIT_TIMEOUT",
    });
    await expect(liveops.wait(id, { timeout: 0 })).rejects.toMatchObject({
      code: "LIVEOPS_WAIT_TIMEOUT",
    });
    const aborted = new AbortController();
    const waiting = liveops.wait(id, { signal: aborted.signal });
    const watching = all(liveops.watch(id, { signal: aborted.signal }));
    const reason = new Error("enough");
    aborted.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(watching).rejects.toBe(reason);
    await expect(liveops.get(id, { signal: aborted.signal })).rejects.toBe(reason);
    expect((await liveops.get(id)).state).not.toBe("cancelled");
  });

  test("a closed client ends what is open; the operation continues", async () => {
    let ended: Promise<unknown>;
    let id: string;
    {
      await using client = connect({ socket: world.socket });
      ({ id } = await client.submit(Gate, { file: newGate() }));
      const watching = client.watch(id);
      await watching.next();
      ended = all(watching).catch((error: unknown) => error);
    }
    expect(await ended).toMatchObject({ code: "LIVEOPS_CLIENT_CLOSED" });
    expect((await liveops.get(id)).state).not.toBe("cancelled");
  });

  test("a config file that is not valid", () => {
    const dir = join(world.dir, "bad-config");
    mkdirSync(dir);
    const file = join(dir, "config.json");
    writeFileSync(file, "{");
    const before = process.env.LIVEOPS_CONFIG;
    process.env.LIVEOPS_CONFIG = file;
    try {
      expect(() => connect()).toThrow(expect.objectContaining({ code: "LIVEOPS_CONFIG_INVALID" }));
    } finally {
      if (before === undefined) delete process.env.LIVEOPS_CONFIG;
      else process.env.LIVEOPS_CONFIG = before;
    }
  });
});
