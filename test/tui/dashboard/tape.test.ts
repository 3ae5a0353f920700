/** The laws of the tape and of the player that moves on it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Operation } from "../../../protocol/operation.js";
import { reduceEvent, reduceLogLine } from "../../../protocol/reduce.js";
import { lanesOfTape, secondsOf } from "../../../tui/dashboard/core/lanes.js";
import {
  AT_THE_END,
  faster,
  grown,
  type Player,
  played,
  playOrPause,
  SPEEDS,
  toEnd,
  toMilestone,
  toPlace,
  toTime,
} from "../../../tui/features/replay/player.js";
import {
  CHUNK,
  durationOf,
  EMPTY_TAPE,
  entryAt,
  linesBefore,
  momentAt,
  placeAt,
  record,
  type Tape,
  type TapedLine,
} from "../../../tui/features/replay/tape.js";
import { Story } from "../../harness/records.js";
import { backupLines, CHAIN, recordOf, verifyLines } from "./chain-story.js";
import { ago } from "./operations.js";

const taped = (lines: readonly { type: string }[]) =>
  lines.filter(({ type }) => type !== "end") as TapedLine[];

function chainTape(): Tape {
  return record(record(EMPTY_TAPE, CHAIN.first, taped(backupLines())), CHAIN.second, taped(verifyLines()));
}

/** An operation with so many events and lines that they take several chunks. */
const long = fc
  .array(fc.oneof(fc.constant("log" as const), fc.integer({ min: 0, max: 100 })), {
    minLength: 1,
    maxLength: 3 * CHUNK,
  })
  .map((what) => {
    const story = new Story({ id: "longaaaaaaaa" }).started().entered("Load", 0);
    for (const each of what) {
      if (each === "log") story.log("a line");
      else story.event({ type: "progress:changed", percent: each, progress: null });
    }
    story.left("Load", 0).finished("succeeded");
    return taped(story.lines).map((line, i) => ({ ...line, at: ago(5000 - i) }));
  });

function folded(lines: readonly TapedLine[]): Operation | null {
  let operation: Operation | null = null;
  for (const line of lines)
    operation = line.type === "log:line" ? reduceLogLine(operation!, line) : reduceEvent(operation, line);
  return operation;
}

describe("the tape", () => {
  test("at any place it holds what folding all events up to it makes", () => {
    fc.assert(
      fc.property(long, fc.nat(), (lines, at) => {
        const tape = record(EMPTY_TAPE, "longaaaaaaaa", lines);
        const place = 1 + (at % lines.length);
        expect(momentAt(tape, place).records.get("longaaaaaaaa")).toEqual(folded(lines.slice(0, place)));
      }),
      { numRuns: 40 },
    );
  });

  test("recorded in pieces it is the same tape", () => {
    fc.assert(
      fc.property(
        long,
        fc.array(fc.integer({ min: 1, max: CHUNK }), { minLength: 1, maxLength: 8 }),
        (lines, pieces) => {
          let tape = EMPTY_TAPE;
          for (let at = 0, i = 0; at < lines.length; i++) {
            const size = pieces[i % pieces.length]!;
            tape = record(tape, "longaaaaaaaa", lines.slice(at, at + size));
            at += size;
          }
          expect(tape).toEqual(record(EMPTY_TAPE, "longaaaaaaaa", lines));
        },
      ),
      { numRuns: 20 },
    );
  });

  test("holds the whole chain: its last moment is the records, its lines are each operation's own", () => {
    const tape = chainTape();
    expect(tape.end.current).toBe(CHAIN.second);
    expect(tape.end.records.get(CHAIN.first)).toEqual(recordOf(backupLines()));
    expect(tape.end.records.get(CHAIN.second)).toEqual(recordOf(verifyLines()));
    expect(linesBefore(tape, tape.length, CHAIN.first, 2).map(({ text }) => text)).toEqual([
      "archived photos/2.jpg",
      "archived photos/3.jpg",
    ]);
    expect(linesBefore(tape, tape.length, CHAIN.second, 9).map(({ n }) => n)).toEqual([1]);
  });

  test("a clock that was set back does not turn the tape back", () => {
    const lines = taped(backupLines()).map((line, i) => (i === 5 ? { ...line, at: ago(9999) } : line));
    const tape = record(EMPTY_TAPE, CHAIN.first, lines);
    const times = Array.from({ length: tape.length }, (_, i) => entryAt(tape, i)!.t);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBe(0);
  });

  test("events of an operation whose beginning is missing are passed over", () => {
    const tape = record(EMPTY_TAPE, CHAIN.first, taped(backupLines()).slice(3));
    expect(tape.end.records.size).toBe(0);
  });
});

describe("the lanes", () => {
  test("each attempt is a span, what was kept is none of work, and the second link follows the first", () => {
    const { lanes } = lanesOfTape(chainTape());
    const lane = (id: string, stage: string | null) =>
      lanes.find((each) => each.id === id && each.stage === stage)!;
    expect(lane(CHAIN.first, null).spans.map(({ look }) => look)).toEqual([
      "waiting",
      "failed",
      "waiting",
      "succeeded",
    ]);
    expect(lane(CHAIN.first, "Archive").spans.map(({ look }) => look)).toEqual(["failed", "done"]);
    expect(lane(CHAIN.first, "Scan").spans.map(({ look }) => look)).toEqual(["done", "kept"]);
    expect(secondsOf(lane(CHAIN.first, "Scan"), 0)).toBe(2);
    const [first, second] = [lane(CHAIN.first, null).spans.at(-1)!, lane(CHAIN.second, null).spans[0]!];
    expect(second.from).toBeGreaterThanOrEqual(first.to!);
  });

  test("what is not over yet has no end", () => {
    const lines = taped(backupLines()).slice(0, 6);
    const { lanes } = lanesOfTape(record(EMPTY_TAPE, CHAIN.first, lines));
    expect(lanes.find(({ stage }) => stage === "Archive")!.spans).toEqual([
      { from: 4000, to: null, look: "active" },
    ]);
  });
});

const tape = chainTape();
const moves: Record<string, (player: Player) => Player> = {
  step: (player) => toPlace(player, tape, player.place + 1),
  back: (player) => toPlace(player, tape, Math.max(1, player.place - 1)),
  next: (player) => toMilestone(player, tape, 1),
  previous: (player) => toMilestone(player, tape, -1),
  play: (player) => playOrPause(player, tape),
  tenSeconds: (player) => played(player, tape, 10_000),
  faster: (player) => faster(player, 1),
  slower: (player) => faster(player, -1),
  start: (player) => toTime(player, tape, 0),
  end: (player) => toEnd(player, tape),
};

describe("the player", () => {
  test("whatever is pressed, it stands on the tape, and its time is its place's", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.keys(moves)), { maxLength: 40 }), (pressed) => {
        let player = grown(AT_THE_END, tape);
        for (const name of pressed) {
          player = moves[name]!(player);
          expect(player.place).toBeGreaterThanOrEqual(1);
          expect(player.place).toBeLessThanOrEqual(tape.length);
          expect(player.at).toBeGreaterThanOrEqual(0);
          expect(player.at).toBeLessThanOrEqual(durationOf(tape));
          expect(entryAt(tape, player.place - 1)!.t).toBeLessThanOrEqual(player.at);
          expect(SPEEDS).toContain(player.speed);
          if (player.live) expect(player.place).toBe(tape.length);
        }
      }),
    );
  });

  test("a step back after a step on is where one was", () => {
    for (let place = 1; place < tape.length - 1; place++) {
      const at = toPlace(AT_THE_END, tape, place);
      expect(moves.back!(moves.step!(at))).toEqual(at);
    }
  });

  test("plays at its speed, from the start where it stood at the end, and ends live", () => {
    let player = playOrPause(grown(AT_THE_END, tape), tape);
    expect(player).toMatchObject({ at: 0, playing: true, live: false });
    player = played(player, tape, 4000);
    expect(player.at).toBe(4000);
    player = played(faster(faster(player, 1), 1), tape, 1000);
    expect(player.at).toBe(9000);
    expect(player.place).toBe(placeAt(tape, 9000));
    player = played({ ...player, speed: 100 }, tape, 60_000);
    expect(player).toMatchObject({ live: true, playing: false, place: tape.length });
  });

  test("at the end it goes on with the tape; elsewhere it stays", () => {
    const first = record(EMPTY_TAPE, CHAIN.first, taped(backupLines()));
    const live = grown(AT_THE_END, first);
    const back = toPlace(live, first, 3);
    const more = record(first, CHAIN.second, taped(verifyLines()));
    expect(grown(live, more).place).toBe(more.length);
    expect(grown(back, more)).toBe(back);
  });
});
