/** The row that says what is wrong, its keys, and a daemon that is silent on an open stream. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { WatchLine } from "../../../protocol/watch.js";
import type { Message } from "../../../tui/dashboard/core/message.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { stallOf } from "../../../tui/dashboard/core/time/estimate.js";
import { watchDaemon } from "../../../tui/dashboard/watch.js";
import {
  after,
  answerTo,
  initial,
  opened as open,
  press,
  screenText,
  snapshot,
  update,
} from "./core.js";
import { ago, backup, NOW, operation } from "./operations.js";

const SIZE = { columns: 160, rows: 30 };
const rowOf = (state: State) => screenText(state).split("\n")[1]!.trimEnd();
const asks = (id: string, seconds: number, prompt = "Name?") =>
  operation({
    id,
    label: `ask ${id.slice(0, 1)}`,
    state: "running",
    startedAt: ago(900),
    terminal: "ask",
    waitingForInput: { prompt, echo: true, number: 1, since: ago(seconds) },
  });
const queue = (name: string, pausedSince: string | null) => ({
  name,
  pausedSince,
  concurrency: 1,
  configured: false,
  queued: 0,
  running: 0,
  toAnswer: 0,
});
const queues = (...paused: string[]): Message =>
  answerTo("queues", {
    queues: [queue("default", null), ...paused.map((name) => queue(name, ago(60)))],
    schedules: [],
  });

describe("the row below the header", () => {
  test("the operation that waits has its question once", () => {
    const it = { ...asks("inputaaaaaaa", 60), status: { text: "Name?", level: "info" as const } };
    const text = screenText(open([it], { size: SIZE }));
    expect(text).toContain("▲ waits for you 1m00s: Name?");
    expect(text).not.toContain("• Name?");
  });
});

describe("a daemon that does not answer", () => {
  const running = backup({ updatedAt: ago(1) });
  const later = (ms: number) => ({ type: "ticked", now: NOW + ms }) as const;
  const lost = { type: "lost", reason: "It has sent nothing for 5 s.", at: NOW } as const;

  test("is the only trouble, with its age; the header keeps its figures", () => {
    const counts = { queued: 3, running: 1, toAnswer: 0, succeeded: 0, failed: 0, cancelled: 0 };
    const state = after(
      open([running], { size: SIZE, counts }),
      queues("gpu"),
      later(5000),
      lost,
      later(8000),
    );
    expect(rowOf(state)).toBe(" ▲ daemon not responding (8s), reconnecting  s starts it");
    expect(screenText(state).split("\n")[0]).toContain("● 1 running    ○ 3 queued");
  });

  test("that hangs is named with the command that helps, and no start is offered", () => {
    const live = open([running], { size: SIZE });
    const hangs = after(live, { ...lost, hung: { pid: 42, isStopped: true } }, later(8000));
    expect(rowOf(hangs)).toBe(
      " ▲ daemon not responding (8s)  kill -CONT 42 to continue the stopped daemon",
    );
    expect(screenText(press(hangs, "s"))).toContain("the daemon runs and does not answer");
    const busy = after(live, { ...lost, hung: { pid: 42, isStopped: false } });
    expect(rowOf(busy)).toContain("liveopsd status to check the daemon");
    const ended = after(hangs, { ...lost, reason: "Nothing listens on the socket." });
    expect(rowOf(ended)).toContain("s starts it");
  });

  test("that hangs when the dashboard is opened is named on the empty screen", () => {
    const hangs = (hung: { pid: number | null; isStopped: boolean }) =>
      screenText(update(initial({ size: SIZE }), { ...lost, hung }));
    const text = hangs({ pid: 42, isStopped: true });
    expect(text).toContain(" liveops daemon not responding");
    expect(text).toContain("─ The daemon does not answer ─");
    expect(text).toMatch(/kill -CONT 42 +continue the stopped daemon/);
    expect(text).toMatch(/kill -9 42 +end it \(operations keep running\)/);
    expect(text).not.toContain("start the daemon");
    expect(hangs({ pid: null, isStopped: false })).toMatch(/liveopsd status +check the daemon/);
  });

  test("blames no operation, while it is silent and when it is back", () => {
    const silent = after(open([running], { size: SIZE }), later(5000), lost, later(60_000));
    expect(screenText(silent)).not.toContain("no progress");
    const back = after(silent, { type: "heard" });
    expect(back.connection.state).toBe("live");
    expect(stallOf(back, running)).toBeNull();
    expect(rowOf(back)).toMatch(/^╭/);
    const line = snapshot([running]);
    expect(stallOf(after(silent, { type: "watched", line }), running)).toBeNull();
  });
});

describe("the heartbeat of the stream", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  /** A stream whose lines the test sends. */
  function stream() {
    const told: Message[] = [];
    const lines: WatchLine[] = [];
    let wake = () => {};
    const left = new AbortController();
    const client = {
      socket: "/s",
      async *watch() {
        while (!left.signal.aborted) {
          for (const line of lines.splice(0)) yield line;
          await new Promise<void>((resolve) => (wake = resolve));
        }
      },
    };
    const done = watchDaemon(
      { dispatch: (message) => told.push(message), now: () => NOW },
      client as never,
      null,
      left.signal,
    );
    return {
      told: () => told.map(({ type }) => type),
      last: () => told.at(-1),
      async send(line: WatchLine) {
        lines.push(line);
        wake();
        await vi.advanceTimersByTimeAsync(0);
      },
      async [Symbol.asyncDispose]() {
        left.abort();
        wake();
        await vi.advanceTimersByTimeAsync(5000);
        await done;
      },
    };
  }

  test("pings keep it alive and change nothing; without them it is silent, until the next line", async () => {
    await using daemon = stream();
    await daemon.send(snapshot());
    for (let i = 0; i < 5; i++) {
      await vi.advanceTimersByTimeAsync(2000);
      await daemon.send({ type: "ping" });
    }
    expect(daemon.told()).toEqual(["watched"]);
    await vi.advanceTimersByTimeAsync(5200);
    expect(daemon.told()).toEqual(["watched", "quiet", "lost"]);
    await vi.advanceTimersByTimeAsync(20_000);
    await daemon.send({ type: "ping" });
    expect(daemon.told()).toEqual(["watched", "quiet", "lost", "heard"]);
    await vi.advanceTimersByTimeAsync(5200);
    expect(daemon.told()).toEqual(["watched", "quiet", "lost", "heard", "quiet", "lost"]);
  });

  test("a daemon that accepts the connection and sends no first line is silent within 6 s", async () => {
    await using daemon = stream();
    await vi.advanceTimersByTimeAsync(5900);
    expect(daemon.last()).toMatchObject({ type: "lost", hung: { pid: null, isStopped: false } });
    await daemon.send(snapshot());
    expect(daemon.told()).toEqual(["quiet", "lost", "heard", "watched"]);
  });

  test("a line that came while the dashboard itself was stopped is read first", async () => {
    await using daemon = stream();
    await daemon.send(snapshot());
    await vi.advanceTimersByTimeAsync(5000);
    await daemon.send({ type: "ping" });
    await vi.advanceTimersByTimeAsync(1000);
    expect(daemon.told()).not.toContain("lost");
  });
});
