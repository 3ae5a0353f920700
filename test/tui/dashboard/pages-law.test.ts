/**
 * The law of the screen for the pages over it: nothing too wide or too high, nothing that a
 * terminal acts on.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { NO_COUNTS, type WatchLine } from "../../../protocol/watch.js";
import type { Message } from "../../../tui/dashboard/core/message.js";
import type { State } from "../../../tui/dashboard/core/model.js";
import { columnsOf } from "../../../tui/kit/output/width.js";
import { cases } from "../../faults/mode.js";
import { Story } from "../../harness/records.js";
import { answerTo, colourTheme, initial, screenRows, update } from "./core.js";
import { ago, failed, operation } from "./operations.js";
import { type } from "./types.js";

const nasty = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "👨‍👩‍👧‍👦".repeat(20),
    "한국어".repeat(30),
    "\x1b[31mred\x1b[2J",
    "e\u0301".repeat(80),
    "\u202e\t\t",
    "",
    "a b ".repeat(60),
  ),
);
const name = nasty.filter((text) => text !== "__proto__");

/** What is typed and pressed on a page, after it was opened. */
const keys = fc.array(
  fc.oneof(
    nasty.map((text): Message => ({ type: "pasted", text })),
    fc
      .constantFrom(
        "return",
        "upArrow",
        "downArrow",
        "leftArrow",
        "backspace",
        "tab",
        "pageDown",
        "escape",
      )
      .map((special): Message => ({ type: "pressed", pressed: { special } as const })),
    fc
      .constantFrom("s", "n", "a")
      .map((input): Message => ({ type: "pressed", pressed: { input, ctrl: true } })),
    fc
      .constantFrom(" ", "h", "k", "g", "+", "j", ":", "/")
      .map((input): Message => ({ type: "pressed", pressed: { input } })),
  ),
  { maxLength: 12 },
);

const state: fc.Arbitrary<State> = fc
  .record({
    columns: fc.integer({ min: 1, max: 200 }),
    rows: fc.integer({ min: 1, max: 60 }),
    texts: fc.array(nasty, { minLength: 6, maxLength: 6 }),
    names: fc.uniqueArray(name, { minLength: 1, maxLength: 20 }),
    open: fc.constantFrom("s", "R", "t", ":", "x", "?"),
    keys,
  })
  .map(({ columns, rows, texts, names, open, keys: pressed }) => {
    const [title, label, text, reason, description, problem] = texts as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    const schema = (i: number) =>
      [
        { type: "string", default: text },
        { type: "boolean" },
        { type: "array", items: { type: "string" } },
        { enum: [text, label] },
        {},
      ][i % 5]!;
    const params = {
      type: "object",
      properties: Object.fromEntries(names.map((each, i) => [each, { ...schema(i), description }])),
      required: names.slice(0, 2),
    };
    const op = type({
      op: title || "op",
      title: label,
      stages: names,
      params,
      resumable: true,
      file: text,
    });
    const story = new Story({ id: "storyaaaaaaa", title, stages: names }).started();
    for (const [i, stage] of names.entries())
      story
        .entered(stage, i)
        .log(text)
        .left(stage, i, i % 3 === 2 ? "failed" : "done");
    story.event({ type: "attempt:requeued", reason, retryAt: null }).started(2).finished("failed");
    const record = {
      ...story.record(),
      op: op.op,
      label,
      startedAt: ago(400),
      finishedAt: ago(300),
    };
    const snapshot: WatchLine = {
      type: "snapshot",
      cursor: "1",
      operations: [record, failed(), operation({ id: "otheraaaaaaa" })],
      counts: NO_COUNTS,
    };
    const messages: Message[] = [
      { type: "watched", line: snapshot },
      answerTo("find", record),
      answerTo("types", {
        ops: [op, type({ op: "plain" })],
        errors: [{ file: text, message: problem }],
        withoutType: [],
        notLoaded: [],
        shadowed: [],
      }),
      { type: "pressed", pressed: { input: open } },
      ...pressed,
    ];
    return messages.reduce(update, initial({ size: { columns, rows } }));
  });

const SGR = /\x1b\[[\d;]+m/g;

test("no row too wide, no frame too high, nothing active", () => {
  fc.assert(
    fc.property(state, (given) => {
      const rows = screenRows(given, colourTheme()).map((row) => row.replace(SGR, ""));
      expect(rows.filter((row) => columnsOf(row) > given.size.columns)).toEqual([]);
      expect(rows.length).toBeLessThanOrEqual(given.size.rows);
      expect(rows.join("")).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
    }),
    { numRuns: cases(50, 250) },
  );
});
