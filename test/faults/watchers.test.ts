/**
 * Watchers that stop reading, vanish, or are slow: they cost little, delay nothing, and miss
 * nothing.
 */
import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ConnectionLostError, NoDaemonError } from "../../protocol/client/errors.js";
import { LineSplitter } from "../../protocol/ndjson.js";
import type { LogLine, Operation } from "../../protocol/operation.js";
import { isFinal } from "../../protocol/state.js";
import {
  applyWatchLine,
  EMPTY_VIEW,
  type WatchLine,
  type WatchView,
} from "../../protocol/watch.js";
import type { TestDaemon } from "../harness/daemon.js";
import { counts, Dice, FULL, patience } from "./mode.js";
import { eventually, expectNoGap, inStage, startDaemon, untilFinished, wholeLog } from "./start.js";
import { compareOnce, record } from "./tally.js";

const WATCHERS = 100;
/** MiB the daemon's heap may take. */
const HEAP = 160;
const MiB = 1024 * 1024;

/**
 * A raw watch connection: what the client library would hide (not reading, cutting off) is done
 * here.
 */
function rawWatch(daemon: TestDaemon, query: string): Socket {
  const socket = connect(daemon.world.socket);
  socket.on("error", () => {});
  socket.write(`GET /v1/watch?${query} HTTP/1.1\r\nhost: x\r\n\r\n`);
  return socket;
}

function watchersAre(daemon: TestDaemon, n: number): Promise<unknown> {
  return eventually(
    `the daemon has ${n} watchers`,
    async () => (await daemon.client.daemon()).watchers === n,
    () => daemon.client.daemon(),
  );
}

/**
 * Flooded log bytes must not stay in memory: not for stopped watchers, not for a hundred of them.
 */
test(
  "a hundred stopped watchers: memory stays in proportion, a healthy one gets every line at once",
  async () => {
    // With what a hundred watchers may hold there is room in this heap; with a part of the flood
    // for each there is not.
    await using daemon = await startDaemon(["floods"], {
      env: { NODE_OPTIONS: `--max-old-space-size=${HEAP}` },
    });
    // The daemon warms up first, so that growth is what the watchers cost.
    await untilFinished(daemon, (await daemon.submit("floods", { params: { lines: 20_000 } })).id);
    const stopped = Array.from({ length: WATCHERS }, (_, index) => {
      const socket = rawWatch(daemon, index % 2 === 0 ? "log=1" : "log=1&state=running,queued");
      socket.pause();
      return socket;
    });
    await watchersAre(daemon, WATCHERS);
    const before = (await daemon.client.daemon()).memory;

    // As many as the default bound of a log keeps: none is cut.
    const lines = counts(20_000, 150_000);
    const { id } = await daemon.submit("floods", { params: { lines } });
    let last = 0;
    const missing: string[] = [];
    for await (const line of daemon.client.watch({ operation: id, log: true })) {
      if (line.type !== "log") continue;
      for (const { n } of line.lines) {
        if (n !== last + 1) missing.push(`${last + 1} to ${n - 1}`);
        last = n;
      }
    }
    const ended = await daemon.client.show(id);
    expect(ended).toMatchObject({ state: "succeeded", logLines: lines });
    expect(missing).toEqual([]);
    expect(last).toBe(lines);
    const { memory, watchers } = await daemon.client.daemon();
    expect(watchers).toBe(WATCHERS);
    // A stopped one may hold what was being sent when it stopped: one batch of lines. The flood is
    // a hundred times that. The collector lets the heap fill with what is over, up to its bound;
    // what sockets hold lies beside it.
    expect(memory.rss! - before.rss!).toBeLessThan(WATCHERS * 0.5 * MiB + HEAP * MiB);
    record({
      fault: "watchers stopped",
      injected: WATCHERS,
      survived: last,
      lost: lines - last,
      duplicated: 0,
    });

    // Some wake up: what they missed comes as it is now.
    const awake = await Promise.all(
      stopped.slice(0, 4).map((socket) => readUntilFinished(socket, id)),
    );
    expect(awake.every(({ state }) => state === "succeeded")).toBe(true);
    for (const socket of stopped) socket.destroy();
    await watchersAre(daemon, 0);
  },
  patience(60_000, 300_000),
);

/** Reads on until the stream says that the operation is finished. */
function readUntilFinished(socket: Socket, id: string): Promise<Operation> {
  return new Promise((resolve) => {
    let view: WatchView = EMPTY_VIEW;
    const splitter = new LineSplitter((text) => {
      if (!text.startsWith("{")) return;
      view = applyWatchLine(view, JSON.parse(text) as WatchLine);
      const operation = view.operations.get(id);
      if (operation && isFinal(operation.state)) resolve(operation);
    });
    let head: Buffer | null = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      if (head === null) return splitter.push(bytes);
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf("\r\n\r\n");
      if (end === -1) return;
      expect(head.subarray(0, end).toString()).toMatch(/^HTTP\/1\.1 200 /);
      splitter.push(head.subarray(end + 4));
      head = null;
    });
    socket.resume();
  });
}

test("watchers that vanish in the middle leave nothing behind", {
  timeout: patience(30_000, 180_000),
}, async () => {
  await using daemon = await startDaemon(["gate"]);
  const gate = join(daemon.world.dir, "vanish");
  const { id } = await daemon.submit("gate", { params: { gate, chatty: true } });
  await inStage(daemon, id, "Wait");
  for (let round = 0; round < counts(3, 10); round++) {
    const sockets = Array.from({ length: WATCHERS }, () =>
      rawWatch(daemon, `operation=${id}&log=1`),
    );
    await watchersAre(daemon, WATCHERS);
    for (const [index, socket] of sockets.entries())
      index % 2 === 0 ? socket.destroy() : socket.end();
    await watchersAre(daemon, 0);
    record({ fault: "watchers vanished", injected: WATCHERS, survived: 1, lost: 0, duplicated: 0 });
  }
  writeFileSync(`${gate}.1`, "");
  expect(await untilFinished(daemon, id)).toMatchObject({ state: "succeeded", attempt: 1 });
});

test("slow watchers get every line, in their own time", async () => {
  await using daemon = await startDaemon(["floods"]);
  const lines = counts(5_000, 50_000);
  const { id } = await daemon.submit("floods", { params: { lines, width: 500 } });
  const slow = Array.from({ length: counts(4, 16) }, async () => {
    const got: number[] = [];
    for await (const line of daemon.client.watch({ operation: id, log: true })) {
      if (line.type !== "log") continue;
      got.push(...line.lines.map(({ n }) => n));
      // Slower than the daemon sends: the next piece is asked for only after other work.
      await daemon.client.show(id);
    }
    return got;
  });
  for (const got of await Promise.all(slow)) {
    const compared = compareOnce(
      Array.from({ length: lines }, (_, index) => String(index + 1)),
      got.map(String),
    );
    record({ fault: "watchers slow: log lines", injected: 1, ...compared }, compared.details);
  }
});

test(
  "a client that reconnects, across restarts of the daemon too, misses no line and no state",
  async () => {
    await using daemon = await startDaemon(["gate"]);
    const dice = new Dice("reconnects");
    const gate = join(daemon.world.dir, "reconnect");
    const { id } = await daemon.submit("gate", { params: { gate, chatty: true } });
    await inStage(daemon, id, "Wait");
    let view: WatchView = EMPTY_VIEW;
    const log: LogLine[] = [];
    const states: string[] = [];
    let ended = false;
    const rounds = counts(12, 150);
    for (let round = 0; !ended; round++) {
      if (round === rounds) writeFileSync(`${gate}.1`, "");
      const takes = round >= rounds ? Number.POSITIVE_INFINITY : dice.whole(1, 30);
      const query = { operation: id, log: true, logAfter: log.at(-1)?.n ?? 0 };
      let taken = 0;
      try {
        for await (const line of daemon.client.watch(query)) {
          view = applyWatchLine(view, line);
          if (line.type === "log") log.push(...line.lines);
          const state = view.operations.get(id)?.state;
          if (state && state !== states.at(-1)) states.push(state);
          if (line.type === "end") ended = true;
          if (++taken >= takes) break;
        }
      } catch (error) {
        if (!(error instanceof ConnectionLostError || error instanceof NoDaemonError)) throw error;
      }
      if (round < rounds && dice.chance(0.15)) {
        await daemon.kill();
        await daemon.startAgain();
      }
    }
    const final = await untilFinished(daemon, id);
    // A stream leaves out the names of the variables.
    const { env: _, ...shown } = final;
    expect(view.operations.get(id)).toEqual(shown);
    expect(states).toEqual(["running", "succeeded"]);
    const stored = await wholeLog(daemon, id);
    expectNoGap(stored, final);
    const compared = compareOnce(
      stored.map(({ n, text }) => `${n} ${text}`),
      log.map(({ n, text }) => `${n} ${text}`),
    );
    record(
      { fault: "watcher reconnects: log lines", injected: rounds, ...compared },
      compared.details,
    );
    expect(log.map(({ n }) => n)).toEqual(stored.map(({ n }) => n));
  },
  patience(30_000, 240_000),
);

test("many operations watched on one stream end as their records say", async () => {
  await using daemon = await startDaemon(["floods"], { concurrency: 2 });
  const n = FULL ? 100 : 20;
  let view: WatchView = EMPTY_VIEW;
  const watching = (async () => {
    for await (const line of daemon.client.watch({ limit: 1000 })) {
      view = applyWatchLine(view, line);
      const done = [...view.operations.values()].filter(({ state }) => state === "succeeded");
      if (done.length === n + 1 && view.counts.succeeded === n + 1) return;
    }
  })();
  const submits = Array.from({ length: n + 1 }, (_, index) =>
    daemon.submit("floods", { params: { lines: index } }),
  );
  const ids = (await Promise.all(submits)).map(({ id }) => id);
  await watching;
  for (const id of ids) {
    const { env: _, ...shown } = await daemon.client.show(id);
    expect(view.operations.get(id)).toEqual(shown);
  }
  expect(view.counts).toMatchObject({ succeeded: n + 1, queued: 0, running: 0 });
});
