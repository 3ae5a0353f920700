/** The small parts of the protocol: state table, near names, durations, ids, versions. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ID_PATTERN, newId } from "../../protocol/id.js";
import { isFinal, mayMove, STATES } from "../../protocol/state.js";
import { count } from "../../protocol/text/count.js";
import { parseDuration } from "../../protocol/text/duration.js";
import { nearest } from "../../protocol/text/nearest.js";
import { compatible } from "../../protocol/version.js";

describe("states", () => {
  test("these moves are allowed and no others", () => {
    const moves = STATES.flatMap((from) =>
      STATES.filter((to) => mayMove(from, to)).map((to) => `${from} -> ${to}`),
    );
    expect(moves.sort()).toEqual([
      "cancelled -> queued",
      "failed -> queued",
      "queued -> cancelled",
      "queued -> failed",
      "queued -> running",
      "running -> cancelled",
      "running -> failed",
      "running -> queued",
      "running -> succeeded",
    ]);
  });

  test("three are final", () => {
    expect(STATES.filter(isFinal)).toEqual(["succeeded", "failed", "cancelled"]);
  });
});

describe("nearest", () => {
  const words = fc.string({ unit: fc.constantFrom(..."abcdefg-"), minLength: 1, maxLength: 12 });

  test("a name that is there is the first", () => {
    fc.assert(
      fc.property(fc.uniqueArray(words, { minLength: 1, maxLength: 20 }), fc.nat(), (names, n) => {
        const name = names[n % names.length]!;
        expect(nearest(name, names)[0]).toBe(name);
      }),
    );
  });

  test("at most so many, all of them candidates, none twice", () => {
    fc.assert(
      fc.property(
        words,
        fc.uniqueArray(words, { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        (typed, names, limit) => {
          const found = nearest(typed, names, limit);
          expect(found.length).toBeLessThanOrEqual(limit);
          expect(new Set(found).size).toBe(found.length);
          for (const name of found) expect(names).toContain(name);
        },
      ),
    );
  });

  test("two swapped neighbours are found in any name of three letters or more", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."abcdefgh"), minLength: 3, maxLength: 12 }),
        fc.nat(),
        (name, n) => {
          const at = n % (name.length - 1);
          const swapped = name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2);
          expect(nearest(swapped, [name])).toEqual([name]);
        },
      ),
    );
  });

  test("slips that people make", () => {
    const names = ["backup", "verify-backup", "shell", "load-process-save"];
    expect(nearest("bakcup", names)[0]).toBe("backup");
    expect(nearest("Backup", names)[0]).toBe("backup");
    expect(nearest("verify", names)).toContain("verify-backup");
    expect(nearest("shel", names)).toEqual(["shell"]);
    expect(nearest("zzzzzz", names)).toEqual([]);
    expect(nearest("pth", ["path", "part"])).toEqual(["path"]);
    expect(nearest("sl", ["ls", "rm", "ops"])).toEqual(["ls"]);
    expect(nearest("sh", names)).toEqual(["shell"]);
    expect(nearest("backups", names)[0]).toBe("backup");
  });

  test.each([
    ["x", ["op", "rm", "ls", "y"]],
    ["up", ["backup", "verify-backup", "op"]],
    ["cat", ["bat", "watch", "rat"]],
    ["nope", ["open", "note-taker", "copy", "hope", "step-a"]],
    ["ab", ["ac", "cab", "a"]],
    ["run", ["rm", "prune", "fun"]],
  ])("%s is near none of %j", (typed, names) => {
    expect(nearest(typed, names)).toEqual([]);
  });
});

describe("durations", () => {
  test.each([
    ["30", 30],
    ["30s", 30],
    ["10m", 600],
    ["2h", 7200],
    ["1h30m", 5400],
    ["500ms", 0.5],
    ["1.5s", 1.5],
    [" 5 ", 5],
    ["1d", 86400],
    ["0", 0],
  ])("%j is %d seconds", (text, seconds) => {
    expect(parseDuration(text)).toBeCloseTo(seconds, 9);
  });

  test.each(["", " ", "s", "10 m", "-5", "1e3", "5x", "m10", "1.s", "Infinity", "10m!"])(
    "%j is none",
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  test("parts add up", () => {
    fc.assert(
      fc.property(fc.nat({ max: 99 }), fc.nat({ max: 99 }), fc.nat({ max: 99 }), (h, m, s) => {
        expect(parseDuration(`${h}h${m}m${s}s`)).toBe(h * 3600 + m * 60 + s);
      }),
    );
  });
});

test("ids: 12 of 0-9a-z, the first a letter, none twice", () => {
  const ids = Array.from({ length: 2000 }, newId);
  for (const id of ids) expect(id).toMatch(/^[a-z][0-9a-z]{11}$/);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(ID_PATTERN.test(id.slice(0, 3))).toBe(true);
  for (const bad of ["", "1ab", "A", "a-b", "a".repeat(13)])
    expect(ID_PATTERN.test(bad)).toBe(false);
});

test("versions understand each other within a major; before 1.0 within a minor", () => {
  expect(compatible("1.2.3", "1.9.0")).toBe(true);
  expect(compatible("1.2.3", "2.0.0")).toBe(false);
  expect(compatible("0.1.3", "0.1.9")).toBe(true);
  expect(compatible("0.1.3", "0.2.0")).toBe(false);
  expect(compatible("0.1.0", "1.1.0")).toBe(false);
  expect(compatible("0.1.0", "what is this")).toBe(false);
});

test("a count and its noun agree", () => {
  expect([0, 1, 2].map((n) => count(n, "file"))).toEqual(["0 files", "1 file", "2 files"]);
  expect(count(2, "entry", "entries")).toBe("2 entries");
});
