/** What `liveops config` prints: the table, and when a change takes effect. */
import { describe, expect, test } from "vitest";
import type { DaemonReply, ReloadReply } from "../../../protocol/replies.js";
import { plain } from "../../../protocol/text/colour.js";
import { configLines } from "../../../tui/cli/config/config.js";
import { changeNotes, queueNotes } from "../../../tui/cli/config/config-daemon.js";

const NO_FLAGS = { concurrency: null, logLevel: null, metrics: null, fleet: { url: null } };
const daemon = (flags = {}) => ({ flags: { ...NO_FLAGS, ...flags } }) as unknown as DaemonReply;
const reply = (applied: string[], restart: string[] = [], problem: string | null = null) =>
  ({ pid: 7, applied, config: { restart, problem } }) as unknown as ReloadReply;

test("the table: control characters are escaped, long values cut to the terminal, none is -", () => {
  const settings = [
    { key: "nice", value: 9 },
    { key: "metrics", value: undefined },
    { key: "hooks.onStall", value: "echo \u001b[31m" },
    { key: "cgroup", value: `/${"x".repeat(60)}` },
  ];
  expect(configLines(settings, ["cgroup"], 72, plain)).toEqual([
    "SETTING        VALUE",
    "nice           9",
    "metrics        -",
    "hooks.onStall  echo \\x1b[31m",
    `cgroup         /${"x".repeat(30)}…  (after liveops restart)`,
  ]);
});

describe("the notes of a change", () => {
  test.each([
    ["no daemon", null, null, "in effect at the next liveops start; no daemon runs"],
    ["an older daemon", daemon(), "other" as const, "the daemon did not read the file"],
    ["applied", daemon(), reply(["concurrency"]), "in effect; the daemon (pid 7) has read the file"],
    ["restart", daemon(), reply([], ["concurrency"]), "in effect after: liveops restart"],
    [
      "a flag",
      daemon({ concurrency: 2 }),
      reply([]),
      "after a restart; to change it: liveops restart --concurrency 3; to drop",
    ],
    ["the same value", daemon(), reply([]), "the daemon has this value already"],
    ["refused", daemon(), reply([], [], "why"), "the daemon (pid 7) keeps its settings: why"],
  ])("%s", (_name, its, reloaded, said) => {
    const notes = changeNotes(["theme", "concurrency"], its, reloaded, { concurrency: 3 });
    expect(notes[0]).toBe("theme: in effect when liveops-tui starts the next time");
    expect(notes[1]).toContain(said);
    expect(notes).toHaveLength(2);
  });
});

test("a queue that a command has set overrides the file, which is said", () => {
  const queues = [
    { name: "default", concurrency: 4 },
    { name: "gpu", concurrency: 1 },
    { name: "cpu", concurrency: 3 },
  ];
  const config = { concurrency: 2, queues: { gpu: { concurrency: 2 }, cpu: { concurrency: 3 } } };
  expect(queueNotes(["queues"], config, queues, null)).toEqual([
    "the queue gpu: liveops queue set has set 1, which overrides the file; to use that of the file: liveops queue set gpu --concurrency config",
  ]);
  expect(queueNotes(["concurrency"], config, queues, null)[0]).toContain("the queue default: ");
  expect(queueNotes(["concurrency"], config, queues, 4)).toEqual([]);
});
