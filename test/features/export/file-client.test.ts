/** The client of an exported file answers as a daemon does: pages of the log, events, lists; and it changes nothing. */
import { describe, expect, test } from "vitest";
import type { LogLine } from "../../../protocol/operation.js";
import type { LogQuery } from "../../../protocol/requests.js";
import { FileClient, firstShown } from "../../../tui/features/export/file-client.js";
import { type RunSource, withInside } from "../../../tui/features/export/source.js";
import { ago, backupDone, compile, failed, release } from "../../tui/dashboard/operations.js";

const LINES = 9000;
const PARENT = compile().parent!;
const log: LogLine[] = Array.from({ length: LINES }, (_, i) => ({
  n: i + 1,
  seq: 2 * i + 10,
  at: ago(60),
  attempt: 1,
  stage: i % 2 === 0 ? "A" : "B",
  stream: "stdout" as const,
  text: i % 1000 === 0 ? `\x1b[31mfound\x1b[0m é ${i}` : `line ${i}`,
}));

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

const record = failed({ logLines: LINES, seq: 2 * LINES + 20 });
const other = backupDone({ id: "otheraaaaaaa" });
const event = (seq: number) => ({ type: "records:dropped", seq, at: ago(60), attempt: 1, count: 1 }) as const;
const source = (of: typeof record, lines: readonly LogLine[]): RunSource => ({
  name: "x",
  record: of,
  why: async () => null,
  events: () => each([event(1), event(21), event(0), event(2 * LINES + 15)]),
  log: (after = 0) => each(lines.filter(({ n }) => n > after)),
});

const runs = [source(other, []), source(record, log)];
const client = new FileClient("run.json", runs);

test("the failure is shown first", () => expect(firstShown(runs).id).toBe(record.id));

describe("of an operation and what ran inside of it", () => {
  const inside = [
    release(),
    compile({ state: "failed" }),
    backupDone({ parent: { ...PARENT, id: "compilebbbbb" } }),
  ];
  const all = inside.map((each) => source(each, []));
  const file = new FileClient("run.json", all);
  const ids = (records: readonly { id: string }[]) => records.map(({ id }) => id);

  test("each is exported behind the one around it, and is listed inside of it", async () => {
    expect(ids(await withInside(file, [release()]))).toEqual([
      "releaseaaaaa",
      "compilebbbbb",
      "backupaaaaaa",
    ]);
    expect(ids((await file.list({ parent: "none" })).operations)).toEqual(["releaseaaaaa"]);
    expect(ids((await file.list({ parent: "releaseaaaaa" })).operations)).toEqual(["compilebbbbb"]);
  });

  test("the outermost is shown first, and counts", async () => {
    expect(firstShown(all).id).toBe("releaseaaaaa");
    for await (const line of file.watch()) {
      expect(line).toMatchObject({ type: "snapshot", counts: { running: 1, failed: 0 } });
      break;
    }
  });

  test("one without the operation around it has its own row", async () => {
    const alone = new FileClient("run.json", all.slice(1));
    expect(ids((await alone.list({ parent: "none" })).operations)).toEqual(["compilebbbbb"]);
    expect((await alone.show("compilebbbbb")).parent).toBeUndefined();
  });
});

describe("a page of the log", () => {
  test.each<LogQuery>([
    { limit: 10 },
    { after: 5000, limit: 10 },
    { after: 3999, limit: 3 },
    { after: LINES - 2, limit: 10 },
    { after: LINES, limit: 10 },
    { tail: 5, limit: 10 },
    { before: 3, limit: 10 },
    { before: 4001, limit: 10 },
    { match: "FOUND", limit: 4 },
    { match: "found", tail: 4, limit: 4 },
    { match: "found", before: 5002, limit: 2 },
    { match: "no such", before: LINES, limit: 2 },
    { stage: "B", after: 100, limit: 3 },
  ])("%j is that of the lines", async (query) => {
    const { after = 0, before, tail, limit, match, stage } = query;
    const fitting = log.filter(
      ({ text, stage: own }) =>
        (match === undefined || /found/i.test(text) === /found/i.test(match)) &&
        (match === undefined || match !== "no such") &&
        (stage === undefined || own === stage),
    );
    const backwards = before !== undefined || tail !== undefined;
    const wanted = backwards
      ? fitting.filter(({ n }) => n < (before ?? LINES + 1)).slice(-Math.min(tail ?? limit!, limit!))
      : fitting.filter(({ n }) => n > after).slice(0, limit);
    const page = await client.log(record.id, query);
    expect(page.lines).toEqual(wanted);
    expect(page.total).toBe(LINES);
  });
});

test("lists, records, events with lines in their order, and a watch stream", async () => {
  expect((await client.list({})).operations.map(({ id }) => id)).toEqual([record.id, other.id]);
  expect(await client.list({ state: ["failed"], limit: 0 })).toMatchObject({ operations: [], total: 1 });
  expect(await client.show(record.id.slice(0, 4))).toEqual(record);
  await expect(client.show("zzz")).rejects.toMatchObject({ code: "LIVEOPS_NO_SUCH_OPERATION" });
  const types: string[] = [];
  let last = 0;
  for await (const line of client.events(record.id, { log: true })) {
    types.push(line.type);
    if ("seq" in line && line.seq > 0) {
      expect(line.seq).toBeGreaterThan(last);
      last = line.seq;
    }
  }
  expect(types.filter((type) => type === "log:line")).toHaveLength(LINES);
  expect(types.at(-1)).toBe("end");
  const left = new AbortController();
  for await (const line of client.watch({}, left.signal)) {
    expect(line).toMatchObject({ type: "snapshot", counts: { failed: 1, succeeded: 1 } });
    break;
  }
});

test("nothing is changed, and what the file does not tell is refused", async () => {
  const refused = { code: "LIVEOPS_WRONG_STATE" };
  await expect(client.retry(record.id, {})).rejects.toMatchObject(refused);
  await expect(client.remove(record.id)).rejects.toMatchObject(refused);
  await expect(client.why(record.id)).rejects.toMatchObject(refused);
  await expect(client.daemon()).rejects.toMatchObject(refused);
});
