/** Replays the recorded output of real programs: which bars it gives, and what stays in the log. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Reading } from "../../../ops/programs/progress/reading.js";
import { cases } from "../../faults/mode.js";
import { EXPECTED } from "./expected.js";
import { type Replayed, recording, recordings, replay } from "./replay.js";

const byBytes = (data: Buffer) => Array.from(data, (_, at) => data.subarray(at, at + 1));

function cut(data: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...at.map((share) => Math.floor(share * data.length)), data.length].sort(
    (a, b) => a - b,
  );
  return ends.map((end, i) => data.subarray(ends[i - 1] ?? 0, end));
}

test("each recording has an expectation", () => {
  expect(Object.keys(EXPECTED).sort()).toEqual(recordings());
});

describe.each(recordings())("%s", (name) => {
  const data = recording(name);
  const whole = replay([data]);

  test("gives these bars and leaves these lines in the log", () => {
    const { by = [name.split("/")[0]], bars = [], log = 0 } = EXPECTED[name]!;
    expect(figures(whole).bars).toEqual(bars);
    expect([...new Set(whole.said.map((said) => said.name))].sort()).toEqual([...by].sort());
    expect(whole.log.filter((line) => line.trim() !== "")).toHaveLength(log);
  });

  test("gives the same when it is cut anywhere", () => {
    expect(replay(byBytes(data))).toEqual(whole);
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }), (at) => {
        expect(replay(cut(data, at))).toEqual(whole);
      }),
      { numRuns: cases(10) },
    );
  });

  test("never goes back, and no count is above its total", () => {
    expect(figures(whole).faults).toEqual([]);
  });
});

interface Bar {
  first: string;
  last: string;
  done: number;
  percent: number;
}

function isFigure({ done, percent }: Reading): boolean {
  return done !== undefined || percent !== undefined;
}

/** The first and the last figure of each label, and what no bar may do. JSON ranks above text. */
function figures({ said }: Replayed): { bars: string[]; faults: string[] } {
  const bars = new Map<string, Bar>();
  const faults: string[] = [];
  let label = "";
  const rank = said.some(({ source, reading }) => source === "json" && isFigure(reading))
    ? "json"
    : "text";
  for (const { reading, text, source } of said) {
    if (source !== rank) continue;
    label = reading.label ?? label;
    const { done, total, unit } = reading;
    if (!isFigure(reading)) continue;
    const counted = `${done}/${total ?? "?"}${unit ? ` ${unit}` : ""}`;
    const shown = reading.percent === undefined ? counted : `${reading.percent}%`;
    const percent = reading.percent ?? (total ? (100 * done!) / total : 0);
    const before = bars.get(label);
    if (percent > 100 || percent < 0 || Number.isNaN(percent)) faults.push(`out of range: ${text}`);
    if (before && (percent < before.percent || (done ?? before.done) < before.done))
      faults.push(`back: ${text}`);
    bars.set(label, {
      first: before?.first ?? shown,
      last: shown,
      done: done ?? before?.done ?? 0,
      percent,
    });
  }
  return { bars: [...bars].map(([name, bar]) => `${name}: ${bar.first} → ${bar.last}`), faults };
}
