import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BarValue,
  ProgramBar,
  SOURCES,
} from "../../../../ops/programs/progress/program-bar.js";
import type { Reading } from "../../../../ops/programs/progress/reading.js";

/** A bar, and its values after each change: `> ` before the first value of a new bar. */
function watched() {
  const seen: string[] = [];
  const bars: BarValue[][] = [];
  let value: BarValue | null = null;
  const note = (mark: string) => {
    const { done, total, unit, label, percent } = value!;
    bars.at(-1)!.push({ ...value! });
    const share = percent === null ? "" : ` = ${Math.round(percent)}%`;
    seen.push(
      `${mark}${label === null ? "" : `${label} `}${done}/${total ?? "?"}${unit ?? ""}${share}`,
    );
  };
  const bar = new ProgramBar({
    begin: (first) => {
      value = first;
      bars.push([]);
      note("> ");
    },
    changed: () => note(""),
  });
  const last = () => seen.at(-1);
  return { bar, seen, bars, last };
}

describe("one source", () => {
  it("keeps what a reading leaves out", () => {
    const { bar, seen } = watched();
    bar.say("report", "", { done: 3, total: 9, unit: "file" });
    bar.say("report", "", { done: 4 });
    expect(seen).toEqual(["> 3/9file = 33%", "4/9file = 44%"]);
  });

  it("keeps its count where only the label is said again", () => {
    const { bar, bars } = watched();
    bar.say("text", "a", { percent: 50, label: "copy" });
    bar.say("text", "a", { label: "copy" });
    bar.say("text", "a", { percent: 30 });
    expect(bars).toEqual([[expect.objectContaining({ done: 50, percent: 50 })]]);
  });

  it("never goes back: not its percent, not its count, and a grown total waits", () => {
    const { bar, seen } = watched();
    for (const percent of [10, 50, 30, 80]) bar.say("text", "a", { percent });
    expect(seen).toEqual(["> 10/100% = 10%", "50/100% = 50%", "80/100% = 80%"]);
    const counted = watched();
    counted.bar.say("text", "a", { done: 50, total: 100 });
    counted.bar.say("text", "a", { done: 49, total: 100 });
    counted.bar.say("text", "a", { done: 60, total: 200 });
    counted.bar.say("text", "a", { done: 120, total: 200 });
    expect(counted.seen).toEqual(["> 50/100 = 50%", "60/200 = 50%", "120/200 = 60%"]);
  });

  it.each<[string, Reading, Reading, string]>([
    [
      "a new label",
      { label: "Counting", percent: 80 },
      { label: "Receiving", percent: 2 },
      "> Receiving 2/100% = 2%",
    ],
    ["a lower figure after the end", { percent: 100 }, { percent: 3 }, "> 3/100% = 3%"],
    [
      "a lower count of another total",
      { done: 8, total: 90 },
      { done: 1, total: 40 },
      "> 1/40 = 3%",
    ],
    [
      "another unit",
      { done: 8, total: 90, unit: "B" },
      { done: 9, total: 90, unit: "file" },
      "> 9/90file = 10%",
    ],
  ])("begins a new bar with %s", (_, first, second, shown) => {
    const { bar, last } = watched();
    bar.say("text", "a", first);
    bar.say("text", "a", second);
    expect(last()).toBe(shown);
  });

  it("is at its end for a figure just below, and for any report of the same total", () => {
    const { bar, seen } = watched();
    for (const percent of [100, 99, 60]) bar.say("text", "a", { percent });
    expect(seen).toEqual(["> 100/100% = 100%"]);
    const reports = watched();
    for (const done of [9, 2, 9]) reports.bar.say("report", "", { done, total: 9 });
    reports.bar.say("report", "", { done: 9, total: 12 });
    expect(reports.seen).toEqual(["> 9/9 = 100%", "9/9 = 100%", "> 9/12 = 75%"]);
  });

  it("has a bar without a total, and a percent that was said beside a count", () => {
    const { bar, seen } = watched();
    bar.say("text", "a", { done: 5, unit: "B" });
    bar.say("text", "a", { done: 6, unit: "B", percent: 40 });
    expect(seen).toEqual(["> 5/?B", "40/100% = 40%"]);
  });

  it("ignores what is no number", () => {
    const { bar, seen } = watched();
    for (const percent of [Number.NaN, Number.POSITIVE_INFINITY, -1])
      bar.say("text", "a", { percent });
    bar.say("text", "a", { done: Number.NaN, total: 3 });
    expect([seen, bar.source]).toEqual([[], null]);
    bar.say("text", "a", { done: 0, total: 0 });
    expect(seen).toEqual(["> 0/?"]);
  });
});

describe("several sources", () => {
  it("the first that speaks wins over lower ones", () => {
    const { bar, seen } = watched();
    bar.say("osc", "", { percent: 10 });
    bar.say("text", "a", { percent: 70 });
    bar.say("files", "", { done: 9, total: 10 });
    expect([seen, bar.source]).toEqual([["> 10/100% = 10%"], "osc"]);
  });

  it("a higher one takes over with its first figure, and begins a new bar", () => {
    const { bar, seen } = watched();
    for (const source of SOURCES.toReversed()) {
      bar.say(source, "", { label: "no figure" });
      bar.say(source, "", { percent: 50 - SOURCES.indexOf(source) });
    }
    expect(seen.map((text) => text.slice(0, 4))).toEqual(["> 46", "> 47", "> 48", "> 49", "> 50"]);
    expect(bar.source).toBe("report");
  });

  it("another form takes over at the end of the bar, or when the form before is silent", () => {
    const { bar, seen, last } = watched();
    bar.say("text", "git", { percent: 90 });
    bar.say("text", "percent", { percent: 1 });
    bar.say("text", "git", { percent: 100 });
    expect(last()).toBe("100/100% = 100%");
    bar.say("text", "rsync", { percent: 5 });
    expect(last()).toBe("> 5/100% = 5%");
    for (let n = 10; n < 14; n++) bar.say("text", "curl", { percent: n });
    expect(last()).toBe("> 5/100% = 5%");
    bar.say("text", "curl", { percent: 14 });
    expect(seen.slice(-1)).toEqual(["> 14/100% = 14%"]);
  });

  it("compete anew after a step, whose name is the label", () => {
    const { bar, seen } = watched();
    bar.say("report", "", { percent: 60 });
    bar.step("Upload");
    bar.say("text", "a", { percent: 20 });
    bar.say("text", "a", { percent: 30 });
    expect(seen.slice(1)).toEqual([
      "> Upload 0/?",
      "> Upload 20/100% = 20%",
      "Upload 30/100% = 30%",
    ]);
  });

  it("a cleared one begins a new bar", () => {
    const { bar, seen } = watched();
    bar.say("osc", "", { percent: 60 });
    bar.clear("text");
    bar.say("osc", "", { percent: 10 });
    bar.clear("osc");
    bar.say("osc", "", { percent: 10 });
    expect(seen).toEqual(["> 60/100% = 60%", "> 10/100% = 10%"]);
  });
});

it("whatever is said, no bar goes back and every value can be shown", () => {
  const amount = fc.oneof(fc.nat(120), fc.double(), fc.constantFrom(Number.NaN, -1, 0));
  const reading = fc.record(
    {
      percent: amount,
      done: amount,
      total: fc.option(amount),
      unit: fc.option(fc.constantFrom("B", "%", "file")),
      label: fc.constantFrom("", "a", "b"),
    },
    { requiredKeys: [] },
  );
  const said = fc.tuple(fc.constantFrom(...SOURCES), fc.constantFrom("x", "y"), reading);
  fc.assert(
    fc.property(fc.array(said), (all) => {
      const { bar, bars } = watched();
      for (const [source, form, each] of all) bar.say(source, form, each as Reading);
      for (const values of bars) {
        values.reduce((before, now) => {
          expect(now.percent ?? 0).toBeGreaterThanOrEqual(before.percent ?? 0);
          if (now.unit === before.unit) expect(now.done).toBeGreaterThanOrEqual(before.done);
          return now;
        }, values[0]!);
        for (const { done, total, percent } of values) {
          expect(Number.isFinite(done) && done >= 0).toBe(true);
          expect(total === null || total > 0).toBe(true);
          expect(percent === null || (percent >= 0 && percent <= 100)).toBe(true);
        }
      }
    }),
  );
});
