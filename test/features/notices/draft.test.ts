/** What a notice says, and which channels tell it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  endDrafts,
  inputDraft,
  noticeOf,
  stallDraft,
  troubleDraft,
  wantedDraft,
} from "../../../daemon/features/notices/draft.js";
import { withoutSecrets } from "../../../daemon/features/why/bounds.js";
import { commandOf, failureOf } from "../../../daemon/features/why/failure.js";
import { headOf } from "../../../daemon/features/why/sources.js";
import { reasonOf } from "../../../daemon/features/why/whys.js";
import { Masker, maskerOf } from "../../../ops/secrets/masker.js";
import { formsOf } from "../../../ops/secrets/secret-forms.js";
import type { Channel } from "../../../protocol/features/notices/setting.js";
import type { NoticeDraft } from "../../../protocol/notices.js";
import type { Operation } from "../../../protocol/operation.js";
import { describeWhy } from "../../../tui/describe/why.js";
import { Story } from "../../harness/records.js";

const AT = new Date("2026-06-10T08:00:00.000Z");
const notice = (draft: NoticeDraft, host = "box", masker = new Masker()) => noticeOf(draft, host, AT, masker);

const failed: Operation = {
  ...new Story().record(),
  id: "abc",
  op: "backup",
  title: "Backup of /srv",
  label: "nightly",
  queue: "disk",
  state: "failed",
  stages: ["Scan", "Copy"],
  stageStates: { Copy: "failed" },
  currentStage: 1,
  seconds: 3905,
  attempt: 2,
  cwd: "/srv",
  error: { code: "LIVEOPS_EXCEPTION", message: "rsync exited with 23\nmore", stack: null },
};

const ends = (record: Operation) => endDrafts(record, reasonOf(record));

test("a failure says what, where, why and how to go on", () => {
  expect(notice(ends(failed)[0]!)).toMatchObject({
    event: "failed",
    title: "Failed: Backup of /srv (nightly)",
    where: "on box, queue disk, type backup, id abc, in /srv, attempt 2, after 1 h 5 min",
    reason: ["stage Copy, attempt 2", "$ rsync", "exit code 23"],
    next: ["liveops retry abc", "liveops logs abc", "liveops why abc"],
  });
});

test("the reason is the head of the Why, without secrets", () => {
  const record: Operation = {
    ...failed,
    op: "shell",
    params: { args: ["curl", "--data", "token=abcd1234", "-u", "me:hunter22"] },
    stages: [],
    attempt: 1,
    error: { code: "LIVEOPS_EXIT", message: "curl exited with 7", stack: null },
  };
  const entry = { record, env: { MY_PASSWORD: "hunter22" } };
  const masker = maskerOf(entry.env);
  const { reason } = notice(ends(record)[0]!, "box", masker);
  expect(reason).toEqual(["$ curl --data token=*** -u me:***", "exit code 7"]);
  const failure = failureOf(record, {
    kept: null,
    typeFile: null,
    lastLines: [],
    command: commandOf(record),
  });
  const why = withoutSecrets({ ...headOf(record, 0), failure }, masker);
  expect(describeWhy(why)[0]!.rows.map(({ text }) => text)).toEqual(reason);
});

test("no text of a notice has a secret, wherever it stands and is cut", () => {
  const secrets = fc.string({
    unit: fc.constantFrom(...`aBc1-_ "'\\$&<>/+%=ä`),
    minLength: 8,
    maxLength: 40,
  });
  fc.assert(
    fc.property(secrets, fc.nat(), fc.integer({ min: 0, max: 200 }), (secret, nth, before) => {
      fc.pre(secret.trim().length >= 8);
      const forms = formsOf(secret);
      const form = forms[nth % forms.length]!;
      const text = `${"·".repeat(before)}${form} behind`;
      const error = { code: "X", message: text, stack: null };
      const env = { MY_PASSWORD: secret };
      const record: Operation = { ...failed, title: text, label: text, cwd: text, error };
      const made = notice(ends(record)[0]!, "box", maskerOf(env));
      expect(Object.values(made).flat().join("\n")).not.toContain(form.trim().slice(0, 4));
      expect(JSON.stringify(made.operation)).not.toContain(form.trim().slice(0, 4));
    }),
    { numRuns: 500 },
  );
});

test("what a command line assigns to the name of a secret is masked in the title too", () => {
  const title =
    "curl -m 2 -H 'Authorization: Bearer abcdef123456' --password 'two words'; echo token=abc; exit 23";
  expect(notice(ends({ ...failed, title, label: null })[0]!).title).toBe(
    "Failed: curl -m 2 -H 'Authorization: Bearer ***' --password '***'; echo token=***; exit 23",
  );
});

test("texts of operations are cleaned and cut", () => {
  const long = "\x1b]0;owned\x07".repeat(100);
  const {
    title,
    reason,
    operation: its,
  } = notice(
    ends({
      ...failed,
      title: `a\nb${long}`,
      error: { code: "X", message: long, stack: null },
    })[0]!,
  );
  for (const text of [title, reason[0]!, its!.title, its!.error!.message]) {
    expect(text.length).toBeLessThanOrEqual(200);
    expect(text).not.toMatch(/[\p{Cc}]/u);
  }
});

test("the end of an operation inside of another one is told by that one", () => {
  const parent = { id: "outer", attempt: 1, stage: "Build", occurrence: 1, call: 1 };
  expect(ends({ ...failed, parent })).toEqual([]);
});

test("the same occurrence has the same id, another attempt another", () => {
  const [first] = ends(failed);
  const again = ends({ ...failed, attempt: 3 })[0]!;
  expect(notice(first!).id).toBe(noticeOf(first!, "box", new Date(), new Masker()).id);
  expect(notice(again).id).not.toBe(notice(first!).id);
  expect(notice(first!, "other").id).not.toBe(notice(first!).id);
});

test("a stall, a prompt and a problem of the daemon", () => {
  const running: Operation = {
    ...failed,
    state: "running",
    error: null,
    updatedAt: "2026-06-10T07:00:00.000Z",
  };
  expect(notice(stallDraft(running, 600)).reason).toEqual([
    "it has reported nothing for 10 min, since 2026-06-10T07:00:00.000Z",
    "stage Copy (2 of 2)",
  ]);
  const stopped = { ...running, pid: 42, stalledSince: "2026-06-10T07:30:00.000Z" };
  expect(notice(stallDraft(stopped, 600)).reason[0]).toBe(
    "its worker 42 has been stopped (SIGSTOP) since 2026-06-10T07:30:00.000Z",
  );
  const waitingForInput = { prompt: "Password: ", since: "2026-06-10T07:30:00.000Z" };
  expect(notice(inputDraft({ ...running, waitingForInput }))).toMatchObject({
    title: "Waits for input: Backup of /srv (nightly)",
    reason: ["Password:", "stage Copy (2 of 2)"],
    next: ["liveops attach abc"],
  });
  expect(notice(troubleDraft("the disk\nis broken\nreally\nreally"))).toMatchObject({
    title: "liveopsd has a problem on box",
    reason: ["the disk", "is broken", "really"],
    operation: null,
  });
});

describe("a channel tells", () => {
  const all: Channel = { desktop: {} };
  const told = (channel: Channel, record = failed) => wantedDraft(ends(record), channel)?.event;

  test("all events but the ordinary end, without a choice", () => {
    expect(told(all)).toBe("failed");
    expect(told(all, { ...failed, state: "succeeded", error: null })).toBeUndefined();
    expect(told(all, { ...failed, state: "cancelled" })).toBeUndefined();
  });

  test("an odd success before its ordinary end, also within a chain", () => {
    const odd = [{ name: "rows", value: 0, low: 90, high: 110, runs: 20 }];
    const success: Operation = { ...failed, state: "succeeded", error: null, odd };
    const both: Channel = { ...all, events: ["finished", "odd"] };
    expect(told(all, success)).toBe("odd");
    expect(notice(wantedDraft(ends(success), both)!)).toMatchObject({
      event: "odd",
      title: "Odd: Backup of /srv (nightly)",
      reason: ["rows 0, usually 90 to 110"],
    });
    const chain = { ...success.chain, next: "next" };
    expect(told(both, { ...success, chain })).toBe("odd");
    expect(told(both, { ...success, chain, odd: [] })).toBeUndefined();
    expect(told(both, { ...success, odd: [] })).toBe("finished");
  });

  test("a long end once, also of a failure", () => {
    const long: Channel = { ...all, events: ["finished"], longerThan: 3600 };
    expect(told(long)).toBe("finished");
    expect(notice(wantedDraft(ends(failed), long)!).title).toMatch(/^Failed: /);
    expect(told({ ...long, longerThan: 3906 })).toBeUndefined();
    expect(told({ ...long, events: ["finished", "failed"] })).toBe("failed");
  });

  test("operations of its types, queues and labels", () => {
    expect(told({ ...all, op: ["back*"], queue: ["disk"], label: ["night*", "prod"] })).toBe("failed");
    expect(told({ ...all, op: ["back"] })).toBeUndefined();
    expect(told({ ...all, queue: ["default"] })).toBeUndefined();
    expect(told({ ...all, label: ["prod"] }, { ...failed, label: null })).toBeUndefined();
    expect(told({ ...all, label: [] })).toBe("failed");
  });

  test("a missed run by what it submits, and a problem of the daemon whatever its limits are", () => {
    const schedule = { name: "nightly", op: "backup", label: "prod" };
    const missed: NoticeDraft = { event: "missed", key: "k", schedule, reason: [], next: [] };
    const limited: Channel = { ...all, op: ["backup"], label: ["prod"], queue: ["default"] };
    expect(wantedDraft([missed], limited)).toBe(missed);
    expect(wantedDraft([missed], { ...limited, op: ["shell"] })).toBeUndefined();
    expect(notice(missed)).toMatchObject({ title: "Missed: schedule nightly", schedule: "nightly" });
    expect(wantedDraft([troubleDraft("x")], limited)?.event).toBe("trouble");
  });
});
