/**
 * Queues, priorities, waits and pauses on the command line, with the built bins and a real daemon.
 */
import { expect, test, vi } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import type { ScheduleReply } from "../../../protocol/replies.js";
import { plain } from "../../../protocol/text/colour.js";
import { startText } from "../../../tui/cli/follow/start-note.js";
import { nextRunsLine } from "../../../tui/cli/ls/command.js";
import { QUEUES } from "../../../tui/cli/queue.js";
import { tableLines } from "../../../tui/kit/output/table.js";
import { PLAIN_WIDTHS } from "../../../tui/kit/output/widths.js";
import { useDaemon } from "../../harness/daemon.js";
import { Story } from "../../harness/records.js";
import { useCli } from "./cli.js";

const cli = useCli();

const daemon = useDaemon({ concurrency: 1 });

test("an operation is placed, moved, paused and continued", async () => {
  const run = (...words: string[]) =>
    cli.here([words[0]!, "--socket", daemon.world.socket, ...words.slice(1)]);
  const record = async (id: string): Promise<Operation> => daemon.client.show(id);

  expect(await run("queue", "set", "gpu", "--concurrency", "2")).toMatchObject({
    code: 0,
    stdout: "gpu\n",
  });
  expect(await run("queue", "set", "gpu", "--concurrency", "none")).toMatchObject({ code: 2 });
  expect(await run("pause", "--queue", "gpu")).toMatchObject({ code: 0, stdout: "gpu paused\n" });
  const first = await run("submit", "shell", "--queue", "gpu", "--priority", "2", "--", "true");
  const id = first.stdout.trim();
  expect(first).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      /^waits: the queue gpu is paused; resume it with: liveops resume .*\n$/,
    ),
  });
  expect(await record(id)).toMatchObject({ queue: "gpu", priority: 2, queuePosition: 1 });
  const waits = await run("submit", "shell", "--after", `${id},${id.slice(0, 6)}`, "--", "true");
  expect(waits).toMatchObject({ code: 0, stderr: `waits for ${id}\n` });
  expect(await record(waits.stdout.trim())).toMatchObject({ after: [id], waitsFor: [id] });
  const later = await run("submit", "shell", "--at", "2099-01-01 10:00", "--", "true");
  expect(later.stderr).toMatch(/^starts at Thu 1 Jan 2099 10:00 \S+, in \d+d\n$/);
  const laterId = later.stdout.trim();

  const listed = (await run("ls")).stdout.split("\n");
  expect(listed.find((line) => line.startsWith(waits.stdout.trim()))).toMatch(/waiting .*after /);
  expect(listed.find((line) => line.startsWith(laterId))).toMatch(/ 1 Jan 10:00 /);
  expect((await run("show", id)).stdout).toContain("blocked since");
  expect((await run("queue")).stdout).toMatch(/gpu +paused \S+ +2 +0 +1 +0\n/);
  expect(await run("queue", "rm", "gpu")).toMatchObject({ code: 5 });
  expect(await run("submit", "shell", "--queue", "gup", "--", "true")).toMatchObject({
    code: 4,
    stderr: expect.stringContaining(`liveops queue --socket ${daemon.world.socket} set gup`),
  });
  expect(await run("edit", id, "--top", "--queue", "default")).toMatchObject({ code: 0 });
  expect(await daemon.untilFinished(waits.stdout.trim())).toMatchObject({ state: "succeeded" });
  expect(await run("edit", laterId, "--now")).toMatchObject({ code: 0 });
  expect(await daemon.untilFinished(laterId)).toMatchObject({ state: "succeeded" });
  expect(await run("resume", "--all")).toMatchObject({
    code: 0,
    stdout: "default open\ngpu open\n",
  });
  expect(await run("queue", "rm", "gpu")).toMatchObject({ code: 0, stdout: "gpu\n" });

  const running = (await run("submit", "shell", "--", "sleep", "100")).stdout.trim();
  await vi.waitFor(async () => expect((await record(running)).currentStage).toBe(0), {
    timeout: 60_000,
  });
  expect(await run("pause", running)).toMatchObject({ code: 0, stdout: `${running} paused\n` });
  expect((await run("show", running)).stdout).toContain(", paused since ");
  expect((await run("ls")).stdout).toContain("● paused");
  expect(await run("pause", running, "--all")).toMatchObject({ code: 2 });
  await run("pause", "--all");
  expect(await run("resume", "--all")).toEqual({
    code: 0,
    stdout: "default open\n",
    stderr: `liveops: 1 operation stays paused; to continue: liveops resume --socket ${daemon.world.socket} ${running}\n`,
  });
  expect(await run("resume", running, "nothere123")).toMatchObject({
    code: 4,
    stdout: `${running} resumed\n`,
  });
  const again = await run("again", id, "--priority", "7", "--env", "COLOUR=red");
  expect(await record(again.stdout.trim())).toMatchObject({ priority: 7, againOf: id });
});

test("submit --wait says why the operation cannot start, and where it is in the queue", async () => {
  const words = (command: string, ...rest: string[]) => [
    command,
    "--socket",
    daemon.world.socket,
    ...rest,
  ];
  const { stdout } = await cli.here(words("submit", "shell", "--", "sleep", "100"));
  const second = cli.start(words("submit", "shell", "--wait", "--", "true"));
  await second.says("stderr", "number 1 in the queue");
  await cli.here(words("cancel", stdout.trim()));
  expect((await second.ended).code).toBe(0);
  await cli.here(words("pause", "--queue", "default"));
  const waiting = cli.start(words("submit", "shell", "--wait", "--json", "--", "true"));
  await waiting.says(
    "stderr",
    `the queue default is paused; resume it with: liveops resume --socket ${daemon.world.socket} --queue default\n`,
  );
  await cli.here(words("resume", "--queue", "default"));
  expect((await waiting.ended).code).toBe(0);
});

test("a word that is no subcommand is named, with what is meant", async () => {
  const lines = async (...words: string[]) => {
    const { code, stderr } = await cli.here(words);
    return { code, lines: stderr.trimEnd().split("\n") };
  };
  expect(await lines("schedule", "ad")).toEqual({
    code: 2,
    lines: [
      'liveops: liveops schedule has no command "ad"',
      "did you mean: liveops schedule add? Its commands: add, rm, run",
    ],
  });
  expect((await lines("queue", "gpu")).lines).toEqual([
    'liveops: liveops queue has no command "gpu"',
    "Its commands: set, rm",
  ]);
  const unknown = await lines("schedule", "run", "nightly", "--wat");
  expect(unknown.code).toBe(2);
  expect(unknown.lines.join("\n")).not.toContain("put --");
});

test("a schedule is run, and its name is taken", async () => {
  const run = (...words: string[]) => cli.here([...words, "--socket", daemon.world.socket]);
  expect(
    await run("schedule", "add", "@daily", "shell", 'args:=["false"]', "--name", "bad"),
  ).toMatchObject({
    code: 0,
  });
  const submitted = await run("schedule", "run", "bad");
  expect((await run("wait", submitted.stdout.trim())).code).toBe(1);
  expect(
    await run("schedule", "add", "@daily", "shell", "script=false", "--name", "bad"),
  ).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/^liveops: Not possible now: there is a schedule bad already/),
  });
});

test("the note of a submit says what the operation waits for", () => {
  const now = Date.parse("2026-11-25T12:00:00Z");
  const queued = { ...new Story().record(), state: "queued" as const };
  const expected = (startsAt: string | null, endsAt: string | null) => ({
    at: "",
    emptyAt: null,
    operations: { [queued.id]: { startsAt, endsAt } },
  });
  const third = { ...queued, queuePosition: 3 };
  expect(startText(third, expected("2026-11-25T12:04:00Z", "2026-11-25T12:05:30Z"), now)).toBe(
    "number 3 in the queue; starts in about 4m00s, ends in about 5m30s",
  );
  expect(startText({ ...third, queue: "gpu" }, expected(null, null), now)).toBe(
    "number 3 in the queue of gpu",
  );
  expect(
    startText({ ...queued, queuePosition: 1 }, expected("2026-11-25T12:00:00Z", null), now),
  ).toBeNull();
  const ids = ["a", "b", "c", "d", "e"];
  expect(startText({ ...queued, waitsFor: ids }, null, now)).toBe("waits for a, b, c and 2 more");
  expect(
    startText({ ...queued, waitsFor: ["a"] }, expected("2026-11-25T12:04:00Z", null), now),
  ).toBe("waits for a; starts in about 4m00s");
});

test("the table of the queues", () => {
  const queue = { configured: false, queued: 12, running: 2, toAnswer: 1 };
  const queues = [
    { ...queue, name: "default", concurrency: 4, pausedSince: null },
    { ...queue, name: "gpu", concurrency: 1, pausedSince: "2026-11-25T11:55:00Z" },
  ];
  const context = { now: Date.parse("2026-11-25T12:00:00Z") };
  expect(
    tableLines(QUEUES, queues, context, { width: 80, widths: PLAIN_WIDTHS, paint: plain }),
  ).toEqual([
    "QUEUE    STATE      CONCURRENCY  RUNNING  QUEUED  TO ANSWER",
    "default  open                 4        2      12          1",
    "gpu      paused 5m            1        2      12          1",
  ]);
});

test("the next runs of schedules below the list", () => {
  const now = new Date("2026-11-25T12:00:00Z");
  const schedule = (name: string, nextAt: string | null) => ({ name, nextAt }) as ScheduleReply;
  expect(nextRunsLine([schedule("paused", null)], now)).toBeNull();
  const line = nextRunsLine(
    [
      schedule("late", "2026-11-26T12:00:00Z"),
      schedule("soon", "2026-11-25T12:01:30Z"),
      schedule("third", "2026-11-27T12:00:00Z"),
      schedule("fourth", "2026-12-27T12:00:00Z"),
    ],
    now,
  );
  expect(line).toMatch(
    /^Next runs: soon at \d\d:\d\d \(in 1m30s\), late at .* \(in 1d00h\), third .*, and 1 more: /,
  );
});
