/**
 * When a question is told, and how often an action is tried, with the parts of the daemon that it
 * subscribes to.
 */
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Bus } from "../../../daemon/bus.js";
import { Actions } from "../../../daemon/features/actions/actions.js";
import type { Decision, Entry } from "../../../daemon/store/decision.js";
import { Masker } from "../../../ops/secrets/masker.js";
import type { Operation } from "../../../protocol/operation.js";
import { useDirectories } from "../../harness/temporary.js";
import { ago, asked, operation } from "../../tui/dashboard/operations.js";
import { HttpSink } from "./http-sink.js";

const directory = useDirectories();
let dir: string;
let sink: HttpSink;
let bus: Bus;
let entries: Map<string, Entry>;
let actions: Actions;

beforeEach(async () => {
  dir = directory();
  sink = await HttpSink.start();
  entries = new Map();
  actions = await start();
});

afterEach(async () => {
  await actions.stop();
  await sink[Symbol.asyncDispose]();
});

/** A daemon's actions; a second one on the same file is the daemon after a crash. */
async function start(waits = 0): Promise<Actions> {
  bus = new Bus();
  const made = new Actions({
    bus,
    file: join(dir, "actions.json"),
    log: pino({ level: "silent" }),
    store: {
      journalNumber: 0,
      ledger: { entries, get: (id: string) => entries.get(id) },
      find: (id: string) => entries.get(id),
      archive: { list: async () => [] },
    } as never,
    emptyQueue: () => null,
    isOurs: () => true,
    runsHere: () => true,
    reasonOf: () => [],
    maskerOf: () => new Masker(),
    settings: {
      config: { on: { waits: { post: `${sink.url}/waits` } } },
      fromDaemon: [],
      stallAfter: 1,
    },
    pauses: { tries: [0, 0], waits },
  });
  await made.start();
  return made;
}

const open = [asked("Ask", ago(2), { question: "Deploy?" })];
const answered = [{ ...open[0]!, answer: { choice: "yes", by: "ann", at: ago(1) } }];

/** The operation is as given from now on. */
function become(over: Partial<Operation>, queuedAt = 1): void {
  const before = entries.get("aaaaaaaaaaaa")?.record ?? null;
  const record = operation({ id: "aaaaaaaaaaaa", title: "Work", ...over });
  const entry = { record, queuedAt, finishedBy: 0, env: {} } as unknown as Entry;
  entries.set(record.id, entry);
  if (before) bus.emit("record", entry, before);
  bus.emit("decided", [{ id: record.id, before, after: record } as never], {} as Decision, true);
}

const posted = () =>
  sink.bodies("/waits").map(({ subject, reasons }) => `${subject}: ${reasons[0]}`);
const until = (check: () => void) => vi.waitFor(check, { timeout: 60_000 });

test("a question that nobody answers is told once, also by the next daemon; one that is answered is not", async () => {
  become({ state: "queued", approvals: open });
  become({ state: "queued", approvals: answered });
  await actions.stop();
  expect(posted()).toEqual([]);

  actions = await start(1_000_000);
  become({ state: "queued", approvals: open }, 2);
  // The daemon ends before the time is over.
  await actions.stop();
  actions = await start();
  await until(() => expect(posted()).toEqual([`Waits for approval: Work: Deploy?`]));
  await actions.stop();
  actions = await start();
  await actions.stop();
  expect(posted()).toHaveLength(1);
});

test("a prompt that nobody answers is told", async () => {
  const prompt = (since: string) =>
    ({
      prompt: "Name?",
      since: `2026-01-01T00:00:0${since}.000Z`,
      echo: true,
      stage: null,
    }) as never;
  become({ state: "running", waitingForInput: null });
  become({ state: "running", waitingForInput: prompt("1") });
  become({ state: "running", waitingForInput: null });
  become({ state: "running", waitingForInput: prompt("2") });
  await until(() => expect(posted()).toEqual([`Waits for input: Work: Name?`]));
});

test("an action is tried three times, and then has failed", async () => {
  sink.answer = { status: 500, body: "busy" };
  become({ state: "queued", approvals: open });
  await until(() => expect(actions.failuresOf("aaaaaaaaaaaa")).toHaveLength(1));
  expect(sink.posted).toHaveLength(3);
  expect(actions.problems()[0]).toMatch(
    /the last: waits of aaaaaaaaaaaa at .*replied with 500: busy$/,
  );
});
