/** Odd numbers of a success on each screen: the sign, the number and what is usual. */
import { describe, expect, test } from "vitest";
import type { Odd, Operation } from "../../../protocol/operation.js";
import { plain } from "../../../protocol/text/colour.js";
import { table } from "../../../tui/cli/ls/table.js";
import { recordLines } from "../../../tui/cli/show/record-lines.js";
import { announce } from "../../../tui/features/reader/announce.js";
import * as widths from "../../../tui/kit/output/width.js";
import { step, textState } from "../../../tui/text/lines.js";
import { Story } from "../../harness/records.js";
import { opened, screenText } from "../../tui/dashboard/core.js";
import { ago, operation } from "../../tui/dashboard/operations.js";

const GIB = 1024 ** 3;
const SIZE: Odd = {
  name: "size",
  value: 0.7 * GIB,
  low: 1.9 * GIB,
  high: 2.1 * GIB,
  runs: 20,
  unit: "bytes",
};
const ROWS: Odd = { name: "rows", value: 0, low: 980, high: 1020, runs: 20 };
const TEXT = "▲ size 0.7 GiB, usually 1.9 to 2.1 GiB";

function dump(odd: Odd[], over: Partial<Operation> = {}): Operation {
  return operation({
    id: "nightlyaaaaa",
    op: "nightly",
    title: "Nightly dump",
    stages: ["Dump"],
    state: "succeeded",
    currentStage: 0,
    percent: 100,
    stageStates: { Dump: "done" },
    result: { size: SIZE.value },
    createdAt: ago(61),
    startedAt: ago(60),
    finishedAt: ago(10),
    seconds: 50,
    odd,
    ...over,
  });
}

describe("the dashboard", () => {
  const sizes = [
    [160, 50],
    [100, 30],
    [80, 24],
  ] as const;
  test.each(sizes)("has it in the row and above the result at %d columns", (columns, rows) => {
    const screen = screenText(opened([dump([SIZE, ROWS])], { size: { columns, rows } }));
    expect(screen).toContain(TEXT);
    expect(screen).toContain("▲ rows 0, usually 980 to 1,020");
    expect(screen).toMatch(/▲ .*Nightly dump/);
  });

  test("cleans the name, and a small screen has only the sign in the row", () => {
    const odd = [dump([{ ...SIZE, name: "si\x1b[2Jze\n" }])];
    const screen = screenText(opened(odd, { size: { columns: 100, rows: 30 } }));
    expect(screen).toContain("▲ si");
    expect(screen).not.toContain("\x1b");
    expect(screenText(opened(odd, { size: { columns: 40, rows: 15 } }))).toContain(
      "▲ Nightly dump",
    );
  });

  test("has nothing where nothing is odd", () => {
    expect(screenText(opened([dump([])], { size: { columns: 160, rows: 50 } }))).not.toContain("▲");
  });
});

test("the screen-reader mode says it", () => {
  const before = opened([dump([], { state: "running", finishedAt: null })]);
  const after = opened([dump([SIZE])]);
  expect(announce(before, after, null).join("\n")).toContain(
    "Odd: size 0.7 GiB, usually 1.9 to 2.1 GiB",
  );
});

test("ls, show and text mode have it", () => {
  expect(table([dump([SIZE, ROWS])], { width: 200, widths, paint: plain }).join("\n")).toContain(
    `${TEXT} +1`,
  );
  expect(recordLines(dump([SIZE, ROWS]), { paint: plain }).join("\n")).toContain(
    `odd         ${TEXT}; ▲ rows 0, usually 980 to 1,020`,
  );
  const story = new Story().started();
  story.event({
    type: "operation:finished",
    state: "succeeded",
    result: null,
    error: null,
    next: null,
    odd: [SIZE],
  });
  let state = textState();
  const printed = story.lines.flatMap((line) => {
    const next = step(state, line);
    state = next.state;
    return next.lines;
  });
  expect(printed).toContainEqual({ to: "err", text: TEXT, tone: "warning" });
});
