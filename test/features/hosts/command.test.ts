/**
 * Hosts on the command line: a fleet of three as the scripted daemon tells it, and one real daemon
 * alone.
 */
import { hostname } from "node:os";
import { expect, test } from "vitest";
import type { HostReply } from "../../../protocol/replies.js";
import { plain } from "../../../protocol/text/colour.js";
import { table } from "../../../tui/cli/ls/table.js";
import { recordLines } from "../../../tui/cli/show/record-lines.js";
import {
  engineNotes,
  HOSTS as HOST_TABLE,
  lostQuestion,
} from "../../../tui/features/hosts/command.js";
import { tableLines } from "../../../tui/kit/output/table.js";
import * as widths from "../../../tui/kit/output/width.js";
import { TestDaemon } from "../../harness/daemon.js";
import { FakeDaemon } from "../../harness/fake-daemon.js";
import { fleetOf, host } from "../../harness/hosts.js";
import { AT, Story } from "../../harness/records.js";
import { useCli } from "../../tui/cli/cli.js";

const cli = useCli();
const NOW = Date.parse(AT) + 60_000;
const before = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

const HOSTS: HostReply[] = [
  host({ name: "build-1", slots: 8, running: 5, tags: ["eu"], load: 4.214, skewMs: 2 }),
  host({
    name: "build-2",
    state: "unreachable",
    since: before(42),
    slots: 8,
    running: 3,
    tags: ["eu", "gpu"],
    load: 7.9,
    skewMs: -1100,
  }),
  host({ name: "build-3", draining: true, slots: 4, skewMs: 0 }),
  host({ name: "old\u0007", state: "left", since: before(7200), load: null, skewMs: null }),
];

test("the table of the hosts", () => {
  const look = { width: 200, widths, paint: plain };
  expect(tableLines(HOST_TABLE, HOSTS, { now: NOW }, look)).toEqual([
    "HOST     STATE            SLOTS  RUNNING  TAGS    LOAD  VERSION   SKEW",
    "build-1  up                   8        5  eu      4.21  0.1.0     +2ms",
    "build-2  unreachable 42s      8        3  eu,gpu  7.90  0.1.0    -1.1s",
    "build-3  up, drained          4        0  -       0.50  0.1.0        0",
    "old\\x07  left 2h              2        0  -          -  0.1.0        -",
  ]);
});

test("the notes of a fleet: an engine that is away, and its problems", () => {
  expect(engineNotes(null)).toEqual([]);
  const { engine } = fleetOf([]);
  expect(engineNotes(engine)).toEqual([]);
  expect(
    engineNotes({ ...engine!, awaySince: before(90), problems: ["b has another version"] }, NOW),
  ).toEqual([
    "the engine postgres://db/ops has not answered for 1m; the hosts are shown as they were then",
    "b has another version",
  ]);
});

test("the question before a host is declared lost tells what runs there", () => {
  expect(lostQuestion(HOSTS[1]!, NOW)).toBe(
    "Declare build-2 (unreachable 42s) lost? 3 operations run there: resumable ones start again elsewhere, the others fail. [y/N] ",
  );
  expect(lostQuestion(HOSTS[2]!, NOW)).toBe(
    "Declare build-3 (up, drained) lost? No operation runs there. [y/N] ",
  );
});

test("a list has the column HOST where an operation has a host; a queued one shows where it must run", () => {
  const running = new Story()
    .event({ type: "attempt:started", host: "build-1", fence: 3 })
    .record();
  const queued = new Story({ id: "bbb", on: "build-2", tags: ["gpu"] }).record();
  const options = { width: 80, widths, paint: plain, now: NOW };
  const rows = table(
    [running, queued, { ...queued, id: "ccc", on: null, host: "build-1" }],
    options,
  );
  expect(rows.map((row) => row.slice(33, 53).trimEnd())).toEqual([
    "STATE      HOST",
    "● running  build-1",
    "○ queued   build-2",
    "○ queued",
  ]);
  expect(table([queued], options)[0]).not.toContain("HOST");
  const shown = (it: typeof running) =>
    recordLines(it, { paint: plain, now: NOW }).filter((line) => /^(host|only on)/.test(line));
  expect(shown(running)).toEqual(["host        build-1"]);
  expect(shown(queued)).toEqual(["only on     build-2", "hosts with  gpu"]);
  expect(shown({ ...queued, on: null, tags: [] })).toEqual([]);
});

test("hosts, hosts lost, and drain ask the daemon", async () => {
  await using daemon = await FakeDaemon.start();
  const hosts = fleetOf(HOSTS.slice(0, 3));
  daemon
    .on("GET", "/v1/hosts", (_asked, reply) => reply.json(hosts))
    .on("POST", "/v1/drain", (_asked, reply) => reply.json(hosts))
    .on("POST", "/v1/hosts/build-2/lost", (_asked, reply) => reply.json(hosts))
    .on("POST", "/v1/hosts/none/lost", (_asked, reply) =>
      reply.refuse("LIVEOPS_NO_SUCH_HOST", "no host none"),
    );
  const run = (...words: string[]) => cli.here([...words, "--socket", daemon.socket]);
  expect((await run("hosts")).stdout).toMatch(
    /^HOST .*\nbuild-1 +up +8 +5 +eu .*\nbuild-2 +unreachable /,
  );
  expect(JSON.parse((await run("hosts", "--json")).stdout)).toEqual(hosts);
  // No question without a terminal.
  expect(await run("hosts", "lost", "build-2")).toMatchObject({
    code: 0,
    stdout: "build-2\n",
    stderr: "",
  });
  expect(await run("hosts", "lost", "none")).toMatchObject({ code: 4 });
  expect((await run("drain")).stderr).toBe(
    `liveops: the host is drained; to undo it: liveops drain --socket ${daemon.socket} --undo\n`,
  );
  expect((await run("drain", "--undo")).stderr).toBe("liveops: the host starts operations again\n");
  const drains = daemon.asked.filter(({ path }) => path === "/v1/drain");
  expect(drains.map(({ body }) => body)).toEqual([{ draining: true }, { draining: false }]);
});

test("a daemon alone lists itself, and tells how to start a fleet", async () => {
  await using daemon = await TestDaemon.start();
  const name = hostname();
  const liveops = (...words: string[]) =>
    cli.here([...words.slice(0, 1), "--socket", daemon.world.socket, ...words.slice(1)]);
  expect((await liveops("hosts")).stdout).toContain(`\n${name} `);
  for (const words of [
    ["hosts", "lost", name],
    ["submit", "shell", "--on", "build-2", "--", "true"],
    ["submit", "shell", "--tag", "gpu,eu", "--", "true"],
  ])
    expect(await liveops(...words)).toMatchObject({
      code: 5,
      stderr: expect.stringContaining("liveops start --fleet URL"),
    });
  expect(await liveops("submit", "shell", "--on", "", "--", "true")).toMatchObject({ code: 2 });

  const id = (await liveops("submit", "shell", "--on", name, "--", "sleep", "100")).stdout.trim();
  expect(await liveops("drain")).toMatchObject({
    code: 5,
    stderr: expect.stringMatching(/its daemon runs alone; .*: liveops pause .*--all$/m),
  });
  await daemon.client.cancel(id);
  await daemon.untilFinished(id);
  // Without a fleet no column names a host.
  expect((await liveops("ls")).stdout).toMatch(new RegExp(`^ID (?!.*HOST).*\n${id} `));
  const again = (await liveops("again", id, "--on", "")).stdout.trim();
  expect((await daemon.client.show(again)).on).toBeUndefined();
  await daemon.client.cancel(again);
});
