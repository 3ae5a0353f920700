/** The laws of the watch reducer: a client that applies the lines has the daemon's state. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { changedKeys } from "../../daemon/watch/versions.js";
import type { Operation } from "../../protocol/operation.js";
import { reduceEvent } from "../../protocol/reduce.js";
import {
  applyWatchLine,
  EMPTY_VIEW,
  NO_COUNTS,
  type WatchLine,
  type WatchView,
} from "../../protocol/watch.js";
import { Story } from "../harness/records.js";
import { histories } from "./histories.js";

const apply = (view: WatchView, lines: WatchLine[]): WatchView =>
  lines.reduce(applyWatchLine, view);

/** A line as it arrives: through JSON. */
const sent = (line: WatchLine): WatchLine => JSON.parse(JSON.stringify(line));

/**
 * What a daemon that sends each change would say of these histories, one operation each, one after
 * the other.
 */
const streams = fc.array(histories, { minLength: 1, maxLength: 3 }).map((all) => {
  const records = new Map<string, Operation>();
  const lines: WatchLine[] = [];
  all.forEach((events, index) => {
    const id = `op${index}`;
    let record: Operation | null = null;
    for (const event of events) {
      const before: Operation | null = record;
      record = { ...reduceEvent(before, event), id };
      const keys = before === null ? null : changedKeys(before, record);
      if (keys?.length === 0) continue;
      const patch = keys === null ? record : pick(record, keys);
      lines.push(sent({ type: "changed", cursor: `boot.${lines.length + 1}`, id, patch }));
    }
    records.set(id, record!);
  });
  return { records, lines };
});

function pick(record: Operation, keys: string[]): Partial<Operation> {
  return Object.fromEntries(keys.map((key) => [key, record[key as keyof Operation]]));
}

describe("laws", () => {
  test("after all patches the view is the daemon's record", () => {
    fc.assert(
      fc.property(streams, ({ records, lines }) => {
        expect(apply(EMPTY_VIEW, lines).operations).toEqual(records);
      }),
    );
  });

  test("each line twice is harmless, and so is everything from any line on", () => {
    fc.assert(
      fc.property(streams, fc.nat(), ({ lines }, n) => {
        const once = apply(EMPTY_VIEW, lines);
        expect(
          apply(
            EMPTY_VIEW,
            lines.flatMap((line) => [line, line]),
          ),
        ).toEqual(once);
        expect(apply(once, lines.slice(n % lines.length))).toEqual(once);
      }),
    );
  });

  test("a snapshot at any moment and the lines after it are all of the lines", () => {
    fc.assert(
      fc.property(streams, fc.nat(), ({ lines }, n) => {
        const at = n % (lines.length + 1);
        const before = apply(EMPTY_VIEW, lines.slice(0, at));
        const snapshot = sent({
          type: "snapshot",
          cursor: "boot.1",
          operations: [...before.operations.values()],
          counts: NO_COUNTS,
        });
        const { operations } = apply(EMPTY_VIEW, [snapshot, ...lines.slice(at)]);
        expect(operations).toEqual(apply(EMPTY_VIEW, lines).operations);
      }),
    );
  });

  test("no view is ever changed", () => {
    fc.assert(
      fc.property(streams, ({ lines }) => {
        let view = EMPTY_VIEW;
        for (const line of lines) {
          const before = new Map(view.operations);
          const after = applyWatchLine(view, line);
          expect(view.operations).toEqual(before);
          view = after;
        }
      }),
    );
  });
});

describe("single lines", () => {
  const record = new Story().started().record();
  const holding = applyWatchLine(EMPTY_VIEW, {
    type: "snapshot",
    cursor: "b.1",
    operations: [record],
    counts: { ...NO_COUNTS, running: 1 },
  });

  test("a snapshot replaces all the client holds", () => {
    const view = applyWatchLine(holding, {
      type: "snapshot",
      cursor: "b.2",
      operations: [],
      counts: NO_COUNTS,
    });
    expect(view.counts).toEqual(NO_COUNTS);
    expect(view.operations.size).toBe(0);
  });

  test("a hand-over brings the successor and who it came from", () => {
    const operation = { ...record, id: "successor" };
    const line: WatchLine = {
      type: "chained",
      cursor: "b.2",
      from: record.id,
      to: "successor",
      operation,
    };
    const view = applyWatchLine(holding, line);
    expect(view.operations.get("successor")).toEqual(operation);
    expect(view.handovers.get(record.id)).toBe("successor");
    expect(applyWatchLine(view, line)).toEqual(view);
  });

  test("what was removed is gone, and a late patch does not bring half of it back", () => {
    const gone = applyWatchLine(holding, { type: "removed", cursor: "b.2", id: record.id });
    expect(gone.operations.size).toBe(0);
    const late = applyWatchLine(gone, {
      type: "changed",
      cursor: "b.3",
      id: record.id,
      patch: { percent: 3 },
    });
    expect(late.operations.size).toBe(0);
  });

  test("types and keys it does not know leave the view as it is", () => {
    for (const line of [
      { type: "ping" },
      { type: "log", id: record.id, lines: [] },
      { type: "end", id: record.id, state: "failed" },
      { type: "of-a-later-version", cursor: "b.9" },
    ])
      expect(applyWatchLine(holding, line as WatchLine)).toBe(holding);
    const newer = { type: "counts", counts: NO_COUNTS, more: 1 } as WatchLine;
    expect(applyWatchLine(holding, newer).counts).toEqual(NO_COUNTS);
  });
});
