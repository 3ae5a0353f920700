/**
 * The log as a person reads it: JSON lines, the count of matches, a failed operation from its first
 * error.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LogLine, Operation } from "../../../protocol/operation.js";
import { patched, type State } from "../../../tui/dashboard/core/model.js";
import { choose } from "../../../tui/dashboard/core/operation/select.js";
import { matchText } from "../../../tui/dashboard/pages/log/matches.js";
import { jsonLine } from "../../../tui/dashboard/text/json-line.js";
import { after, answerTo, opened as open, press, put, screenText, update, wanted } from "./core.js";
import { KEY, openDashboard } from "./open.js";
import { ago, backup, failed, logLine } from "./operations.js";
import { World } from "./world.js";

describe("a line that is a JSON object", () => {
  test.each([
    ['{"level":30,"time":1767323045000,"msg":"listening","port":8080}', "info listening port=8080"],
    ['{"level":"WARN","message":"slow answer","ms":2140}', "warn slow answer ms=2140"],
    ['{"severity":"error","event":"no db","err":{"code":"E"}}', 'error no db err={"code":"E"}'],
    ['  {"ts":"2026-01-02T03:04:05Z","msg":"a b"} ', "a b"],
    ['{"path":"/a b","q":"x=1","empty":"","none":null}', 'path="/a b" q="x=1" empty="" none=null'],
    ['{"time":5,"level":70}', "time=5 level=70"],
    ['{"__proto__":1,"msg":"x"}', "x __proto__=1"],
  ])("%s is level, message and values", (line, text) => expect(jsonLine(line)).toBe(text));

  test.each([
    "{}",
    "[1]",
    '"x"',
    "{not json}",
    '{"a":1',
    'at {"a":1}',
    `{"a":"${"x".repeat(20_000)}"}`,
    "",
  ])("%.20s stays as it is", (line) => expect(jsonLine(line)).toBeNull());

  test("reaches the terminal only as text, whatever is in it", () => {
    const record = fc.dictionary(
      fc.string({ unit: "binary" }),
      fc.jsonValue({ stringUnit: "binary" }),
    );
    fc.assert(
      fc.property(record, (value) => {
        expect(jsonLine(JSON.stringify(value)) ?? "").not.toMatch(
          /[\x00-\x1f\x7f-\x9f\u202a-\u202e]/,
        );
      }),
    );
    expect(jsonLine('{"msg":"\\u001b[31mred\\u001b[2J","a":"\\n"}')).toBe(
      '\\x1b[31mred\\x1b[2J a="\\n"',
    );
  });

  test("is copied as the program wrote it", async () => {
    await using world = await World.start();
    world.put(backup({ logLines: 0 }));
    world.log("backupaaaaaa", '{"level":"error","msg":"no db","host":"a"}');
    await using opened = openDashboard({ socket: world.socket, id: "backup", size: [100, 30] });
    await opened.screen.until("✗error no db host=a");
    opened.press("C");
    await opened.screen.until("1 line copied");
    const copied = /\x1b\]52;c;([^\x07\x1b]+)/.exec(opened.screen.written)?.[1] ?? "";
    expect(Buffer.from(copied, "base64").toString()).toBe(
      '{"level":"error","msg":"no db","host":"a"}',
    );
  });
});

test("a log whose lines are not here yet says that it loads, not that it follows", () => {
  const state = open([backup({ logLines: 26 })]);
  expect(screenText(state)).toMatch(/─ Log ─+ loading… ─╮/);
  expect(screenText(state)).not.toContain("following");
});

const line = (n: number, text: string, over: Partial<LogLine> = {}): LogLine =>
  logLine(n, text, { stream: "stdout", ...over });

describe("the matches of a search", () => {
  const SIZE = { columns: 100, rows: 30 };
  /** A search for `x` in a log of 100 lines that matches at these. */
  function searching(numbers: readonly number[], isMore = false): State {
    const start = open([backup({ logLines: 100 })], { size: SIZE });
    const state = press(start, "return", "/", "x", "return");
    const key = wanted(state, "matches")!;
    return update(state, answerTo("matches", { numbers, isMore }, key));
  }

  test("are counted through the whole log, with the place of the one that is shown", () => {
    const state = searching([3, 50, 90]);
    expect(wanted(state, "matches")).toMatchObject({ query: { match: "x" } });
    expect(matchText(state)).toBe("3 matches");
    const at = patched(state, "log", { search: { text: "x", at: 50 } });
    expect(matchText(at)).toBe("2 of 3");
    expect(
      matchText(patched(searching([3, 50], true), "log", { search: { text: "x", at: 50 } })),
    ).toBe("2 of 2+");
    expect(matchText(searching([]))).toBe("0 matches");
    expect(matchText(patched(at, "log", { search: { text: "y", at: 50 } }))).toBe("");
  });

  test("grow with what is logged", () => {
    const state = searching([3]);
    const lines = [line(101, "an X"), line(102, "no"), line(103, "\x1b[1mx\x1b[0m")];
    const grown = update(state, answerTo("logStream", lines, { id: "backupaaaaaa" }));
    expect(matchText(grown)).toBe("3 matches");
  });
});

describe("a failed operation", () => {
  const stageTimes = {
    Process: { startedAt: ago(598), finishedAt: ago(590), resumed: false, seconds: null },
  };
  const it = (over: Partial<Operation> = {}) => failed({ logLines: 0, stageTimes, ...over });
  const noise = (from: number, count: number, over: Partial<LogLine> = {}) =>
    Array.from({ length: count }, (_, i) =>
      line(0, `cleaning ${from + i}.`, { at: ago(595), stage: "Process", ...over }),
    );
  const rest = ({ n: _, seq: __, ...words }: LogLine) => words;

  test("opens at its first error line of the last attempt; end is the end", async () => {
    await using world = await World.start();
    world.put(it());
    const old = line(0, "Error: of the first attempt", { at: ago(900), stage: "Process" });
    const error = line(0, "Error: row 7 has no price", { at: ago(596), stage: "Process" });
    world.log("failedcccccc", ...[old, ...noise(0, 600), error, ...noise(600, 200)].map(rest));
    await using opened = openDashboard({ socket: world.socket, id: "failed", size: [100, 30] });
    await opened.screen.until(/✗Error: row 7 has no price/);
    expect(opened.screen.text()).not.toContain("cleaning 799.");
    opened.press(KEY.end);
    await opened.screen.until("cleaning 799.");
  });

  test("without an error line opens at its end", async () => {
    await using world = await World.start();
    world.put(it());
    world.log("failedcccccc", ...noise(0, 200).map(rest));
    await using opened = openDashboard({ socket: world.socket, id: "failed", size: [100, 30] });
    await opened.screen.until("cleaning 199.");
    await world.daemon.request(
      ({ path, query }) => path.endsWith("/log") && query.stage === undefined,
    );
    await opened.screen.until("cleaning 199.");
  });

  test("is sought in the stage that failed, and not while one watches the end", () => {
    const state = open([backup(), it()], { size: { columns: 100, rows: 30 } });
    const chosen = choose(state, "failedcccccc");
    expect(chosen.log.seek).toMatchObject({
      query: { after: 0, stage: "Process" },
      errorSince: ago(598),
    });
    expect(choose(chosen, backup().id).log.seek).toBeNull();
    const seen = after(
      choose(open([{ ...it(), state: "running", error: null }]), it().id),
      put(it()),
    );
    expect(seen).toMatchObject({ log: { seek: null, window: { follow: true } } });
  });
});
