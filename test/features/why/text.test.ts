/**
 * `why` as text: what git, a log or a file of somebody else says does not reach the terminal as it
 * is.
 */
import { expect, test } from "vitest";
import { sanitize } from "../../../protocol/text/sanitize.js";
import type { Why } from "../../../protocol/why.js";
import { whyMarkdown } from "../../../tui/describe/why.js";
import { whyLines } from "../../../tui/features/why/command.js";

const EVIL = "\x1b]0;owned\x07\r\x9b31m\u202eevil";

test("has no control character of any text in it", () => {
  const at = "2026-11-29T10:00:00.000Z";
  const decision = { stage: EVIL, step: EVIL, reason: EVIL };
  const why: Why = {
    id: "failedaaaaaa",
    op: EVIL,
    title: EVIL,
    state: "failed",
    attempt: 1,
    at,
    summary: EVIL,
    failure: {
      stage: EVIL,
      step: EVIL,
      code: EVIL,
      message: EVIL,
      causes: [EVIL],
      command: EVIL,
      exit: EVIL,
      place: { file: EVIL, line: 1 },
      source: { from: 1, lines: [EVIL] },
      lines: [EVIL],
    },
    since: { id: EVIL, finishedAt: at, seconds: 1 },
    changes: [
      "commit",
      "script",
      "parameter",
      "variable",
      "stage",
      "log",
      "directory",
      "later",
    ].map((kind) => ({
      kind,
      name: EVIL,
      before: EVIL,
      now: EVIL,
      at,
      diff: [EVIL],
    })),
    machine: null,
    waits: [{ what: EVIL, until: EVIL, at }],
    left: [decision],
    ran: [decision],
    savedSeconds: null,
    notes: [EVIL],
    next: [{ command: EVIL, does: EVIL }],
  };
  for (const text of [
    ...whyLines(why, (_, each) => each),
    ...whyMarkdown(why, sanitize).split("\n"),
  ])
    expect(text).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
});
