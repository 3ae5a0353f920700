/**
 * The state document: written in pieces with decisions in between, and read as one, whatever was
 * done to the file.
 */
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import type { Entry } from "../../../daemon/store/decision.js";
import { readStateDocument } from "../../../daemon/store/read-state.js";
import { EMPTY, type StateDocument } from "../../../daemon/store/state-document.js";
import { StateFile } from "../../../daemon/store/state-file.js";
import type { Operation } from "../../../protocol/operation.js";
import { AT } from "../../harness/records.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

const asStored = ({ record }: Entry): Operation => record;

/** Writes the document; returns its size in bytes. */
async function write(file: string, document: StateDocument, shown = asStored): Promise<number> {
  const written = new StateFile(file, null, shown);
  await written.write(document);
  return written.size;
}

/** The live operations of a document without damage. */
function readLive(file: string): readonly Entry[] {
  const read = readStateDocument(file)!;
  expect(read.problem).toBeNull();
  return read.document.live;
}

const json = (entries: readonly unknown[]) =>
  entries.map((entry) => JSON.parse(JSON.stringify(entry)));

test("it is read as it was written, and each of its lines has a checksum", async () => {
  const open = await OpenStore.open(directory());
  await submitted(open, 500);
  const live = [...open.store.ledger.entries.values()];
  // A parser puts keys that are numbers first.
  const tombstones = ["__proto__", "10"].map((key) => ({
    key,
    hash: "hash",
    at: AT,
    id: "aaa111bbb222",
  }));
  const written = { ...EMPTY, journal: 7, nextOrder: 501, live, tombstones };
  const file = join(open.dir, "written.json");
  expect(await write(file, { ...written, finished: live.slice(0, 3) })).toBe(statSync(file).size);
  expect(readStateDocument(file)).toEqual({ document: written, problem: null });
  const text = readFileSync(file, "utf8");
  writeFileSync(file, JSON.stringify(JSON.parse(text), null, 2));
  expect(readStateDocument(file)!.problem).toBeNull();
  // A value of a live operation is stored once.
  expect(text.split("ü".repeat(200))).toHaveLength(504);
  const damages: Array<[string, string]> = [
    [text.replace("ü", "u"), "line 2 is damaged"],
    [text.slice(0, text.length / 2), "is damaged"],
    [text.split("\n").slice(0, -2).join("\n"), "is cut off"],
    [`${text.split("\n").slice(0, -2).join("\n")}\n`, "its end is missing"],
    [text.replace(/\n[^\n]*/, ""), "its lines are not those that were written"],
    [text.replace(/^[^\n]*\n/, ""), "it does not begin as a state document does"],
    [text.replace('"journal":7', '"journal":8'), "its lines are not those that were written"],
    [text.replace('"format":1', '"format":2'), "its format is 2"],
    [`${text}more\n`, "line 1011 is damaged"],
  ];
  for (const [damaged, problem] of damages) {
    writeFileSync(file, damaged);
    expect(readStateDocument(file)!.problem).toContain(problem);
  }
  await open.close();
});

test("operations in every state and with every submit field are read as they were", async () => {
  const open = await OpenStore.open(directory());
  const fields = {
    label: "nightly",
    queue: "gpu",
    priority: 3,
    notBefore: AT,
    after: ["aaa111bbb222"],
    historyKey: "key",
    actions: { failure: ["true"], finish: [["true"], { post: "env:URL" }] },
    tags: ["big"],
    source: { path: "/a.yaml", text: "stages: []", timeout: null, gracePeriod: 10 },
  };
  await open.submit(fields);
  await open.submit({ params: { text: "edited" } });
  // A default that a submit names.
  await open.submit({ priority: 0 });
  const id = await open.submit({});
  await open.start(id);
  const requeued = await open.submit({});
  await open.start(requeued);
  const failed = await open.submit({});
  await open.start(failed);
  await open.finish(failed, "failed");
  await open.lifecycle.retry(failed);
  const live = [...open.store.ledger.entries.values()];
  const file = join(open.dir, "written.json");
  await write(file, { ...EMPTY, live });
  expect(json(readLive(file))).toEqual(json(live));
  await open.close();
});

test("a record stands there as it is shown, and is read as it is stored", async () => {
  const open = await OpenStore.open(directory());
  const running = await open.submit();
  await open.start(running);
  await open.submit();
  const live = [...open.store.ledger.entries.values()];
  const seen = { queuePosition: 3, blocked: { by: "queue", reason: "it is paused" }, usage: null };
  const actionFailures = [{ event: "stall", at: AT, message: "it broke" }];
  const shown = ({ record }: Entry) =>
    ({
      ...record,
      ...seen,
      ...(record.id === running && { title: "Shown", actionFailures }),
    }) as unknown as Operation;
  const file = join(open.dir, "written.json");
  await write(file, { ...EMPTY, live }, shown);
  const written = JSON.parse(readFileSync(file, "utf8")) as { operations: Record<string, object> };
  for (const entry of live)
    expect(written.operations[entry.record.id]).toMatchObject(json([shown(entry)])[0]!);
  expect(json(readLive(file))).toEqual(json(live));
  await open.close();
});

describe("a document that somebody has changed while the daemon was stopped", () => {
  async function stopped(): Promise<{ open: OpenStore; seen: string[] }> {
    const open = await OpenStore.open(directory());
    await open.finished("succeeded");
    await open.store.checkpoint();
    await submitted(open, 3);
    await open.start(await open.submit());
    const seen = open.seen();
    await open.close();
    return { open, seen };
  }

  async function change(open: OpenStore, how: (text: string) => string): Promise<OpenStore> {
    const { document } = open.layout;
    writeFileSync(document, how(readFileSync(document, "utf8")));
    return OpenStore.open(open.dir);
  }

  test.each([
    ["in one line", (text: string) => JSON.stringify(JSON.parse(text))],
    ["in lines of two spaces", (text: string) => JSON.stringify(JSON.parse(text), null, 2)],
    ["with the ends of lines of Windows", (text: string) => text.replaceAll("\n", "\r\n")],
    ["indented", (text: string) => text.replaceAll(/^"/gm, '  "')],
    ["with a blank last line and a byte order mark", (text: string) => `\ufeff${text}\n`],
    ["without its last newline", (text: string) => text.slice(0, -1)],
  ])("another layout, %s: read as it was", async (_what, layout) => {
    const { open, seen } = await stopped();
    const again = await change(open, layout);
    expect(again.store.problems).toEqual([]);
    expect(again.seen()).toEqual(seen);
    await again.close();
  });

  test("another layout and another value: the document before and the journal replace it", async () => {
    const { open, seen } = await stopped();
    const again = await change(open, (text) =>
      JSON.stringify(JSON.parse(text.replaceAll('"priority":0', '"priority":9')), null, 1),
    );
    expect(again.store.problems[0]).toMatch(
      /state\.json could not be read \(\w{12} is damaged\); it is kept in/,
    );
    expect(again.seen()).toEqual(seen);
    await again.close();
  });

  test("another value, and no document before: the operation in the changed line is lost, the others count", async () => {
    const { open, seen } = await stopped();
    const hit = seen[1]!.slice(0, 12);
    for (const name of readdirSync(open.layout.journal)) rmSync(join(open.layout.journal, name));
    rmSync(open.layout.previousDocument, { force: true });
    const again = await change(open, (text) =>
      text.replace(`"id":"${hit}","op"`, `"id":"${hit}","OP"`),
    );
    expect(again.store.problems.join("\n")).toMatch(
      /line \d is damaged.*\n.*no earlier document.*\n3 operations were/,
    );
    expect(again.seen()).toEqual(seen.filter((line) => !line.startsWith(hit)));
    await again.close();
  });

  test("a line taken out: it is back", async () => {
    const { open, seen } = await stopped();
    const again = await change(open, (text) => text.split("\n").toSpliced(1, 1).join("\n"));
    expect(again.store.problems[0]).toContain("its lines are not those that were written");
    expect(again.seen()).toEqual(seen);
    await again.close();
  });
});

test("after a clean stop, a start needs the document and the history alone", async () => {
  const open = await OpenStore.open(directory());
  const key = { key: "once", hash: "hash", at: new Date().toISOString() };
  await open.submit({ label: "kept" }, key);
  await open.start(await open.submit());
  const removed = await open.finished("failed");
  await open.lifecycle.remove(removed);
  await open.finished("succeeded");
  const seen = open.seen();
  const counts = open.store.counts();
  await open.close();
  for (const name of readdirSync(open.layout.journal)) rmSync(join(open.layout.journal, name));
  rmSync(open.layout.previousDocument, { force: true });
  const again = await OpenStore.open(open.dir);
  expect(again.store.problems).toEqual([]);
  expect(again.seen()).toEqual(seen);
  expect(again.store.counts()).toEqual(counts);
  expect(again.store.byKey("once")?.hash).toBe("hash");
  expect(again.store.knows(removed)).toBe(false);
  // The numbers go on, so that the next journal is not taken for an older one.
  const fresh = await again.submit();
  await again.close();
  const third = await OpenStore.open(open.dir);
  expect(third.seen()).toEqual([`${fresh} queued 0`, ...seen]);
  await third.close();
});

/** Writes three documents, each with its own segments of the journal. */
async function grown(open: OpenStore): Promise<void> {
  for (let n = 0; n < 3; n++) {
    await submitted(open, 40, "ü".repeat(4000));
    await open.store.checkpoint();
  }
}

test("an older copy of the document, whose journal is gone: the document before it counts", async () => {
  const open = await OpenStore.open(directory());
  const ran = await open.submit();
  await open.store.checkpoint();
  const { document } = open.layout;
  const older = readFileSync(document);
  await open.start(ran);
  await open.finish(ran, "succeeded");
  await grown(open);
  const seen = open.seen();
  await open.close();
  writeFileSync(document, older);
  const again = await OpenStore.open(open.dir);
  expect(again.store.problems.join("\n")).toMatch(
    /it is too old: the journal since then begins with record \d+.*\n.*nothing is lost$/,
  );
  expect(again.seen()).toEqual(seen);
  expect(again.store.find(ran)?.record.state).toBe("succeeded");
  await again.close();
});

test("a state directory that somebody has put in the place of ours keeps its document", async () => {
  const open = await OpenStore.open(directory());
  await submitted(open, 2);
  const other = await OpenStore.open(directory());
  await submitted(other, 1);
  await other.close();
  renameSync(open.dir, `${open.dir}.old`);
  renameSync(other.dir, open.dir);
  const before = readFileSync(other.layout.document.replace(other.dir, open.dir));
  const files = readdirSync(open.layout.journal);
  await expect(open.store.checkpoint()).rejects.toThrow("was removed or replaced");
  expect(readFileSync(open.layout.document)).toEqual(before);
  expect(readdirSync(open.layout.journal)).toEqual(files);
  await open.close();
  rmSync(`${open.dir}.old`, { recursive: true });
});

test("both documents damaged: the keys of removed operations stay valid", async () => {
  const open = await OpenStore.open(directory());
  await submitted(open, 1);
  const key = { key: "once", hash: "hash", at: new Date().toISOString() };
  const removed = await open.submit({}, key);
  await open.lifecycle.remove(removed);
  await grown(open);
  await open.close();
  const { document, previousDocument } = open.layout;
  for (const file of [document, previousDocument])
    writeFileSync(file, readFileSync(file, "utf8").replace('"label":null', '"label":"x"'));
  const again = await OpenStore.open(open.dir);
  expect(again.store.byKey("once")?.hash).toBe("hash");
  await again.close();
});

test("a document before without a journal: what happened since is said to be gone", async () => {
  const open = await OpenStore.open(directory());
  await submitted(open, 1);
  await open.store.checkpoint();
  await submitted(open, 1);
  await open.close();
  for (const name of readdirSync(open.layout.journal)) rmSync(join(open.layout.journal, name));
  rmSync(open.layout.document);
  const again = await OpenStore.open(open.dir);
  expect(again.seen()).toHaveLength(1);
  expect(again.store.problems.join("\n")).toMatch(
    /without what happened since: there is no journal/,
  );
  await again.close();
});

test("a new document with an older journal, and an older document with a newer journal", async () => {
  const open = await OpenStore.open(directory());
  await submitted(open, 2);
  await open.store.checkpoint();
  const { document, journal } = open.layout;
  const older = { document: readFileSync(document), journal: segmentsIn(journal) };
  await submitted(open, 2);
  const seen = open.seen();
  await open.close();
  const newer = { document: readFileSync(document), journal: segmentsIn(journal) };
  for (const [name, bytes] of older.journal) writeFileSync(join(journal, name), bytes);
  const first = await OpenStore.open(open.dir);
  expect(first.store.problems).toEqual([]);
  expect(first.seen()).toEqual(seen);
  await first.close();
  writeFileSync(document, older.document);
  for (const name of readdirSync(journal)) rmSync(join(journal, name));
  for (const [name, bytes] of newer.journal) writeFileSync(join(journal, name), bytes);
  const second = await OpenStore.open(open.dir);
  expect(second.store.problems).toEqual([]);
  expect(second.seen()).toEqual(seen);
  await second.close();
});

test("a document that somebody removes while the daemon runs: the one before it keeps its journal", async () => {
  const open = await OpenStore.open(directory());
  const { document } = open.layout;
  await submitted(open, 40, "ü".repeat(4000));
  await open.store.checkpoint();
  await submitted(open, 40, "ü".repeat(4000));
  await open.store.checkpoint();
  rmSync(document);
  await submitted(open, 2);
  const seen = open.seen();
  await open.close();
  rmSync(document);
  const again = await OpenStore.open(open.dir);
  expect(again.seen()).toEqual(seen);
  expect(again.store.problems.join("\n")).toMatch(/state.json is missing\n.*nothing is lost$/);
  await again.close();
});

function segmentsIn(dir: string): Array<[string, Buffer]> {
  return readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]);
}

async function submitted(
  open: OpenStore,
  count: number,
  text = "ü".repeat(200),
): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, () => open.submit({ params: { text } })));
}

test("of a long queue: it is as it was when it began, and what is submitted, started and cancelled meanwhile lasts", async () => {
  const open = await OpenStore.open(directory());
  const ids = await submitted(open, 2000);
  const checkpoint = open.store.checkpoint();
  const [late] = await submitted(open, 1);
  await open.start(ids[0]!);
  await open.lifecycle.cancel(ids[1999]!);
  await checkpoint;
  const live = readLive(open.layout.document);
  expect(live.map(({ record }) => record.id)).toEqual(ids);
  expect(new Set(live.map(({ record }) => record.state))).toEqual(new Set(["queued"]));
  expect(live.every(({ events, run }) => events.length === 1 && run === null)).toBe(true);
  const expected = open.seen();
  await open.close();

  const again = await OpenStore.open(open.dir);
  expect(again.store.problems).toEqual([]);
  expect(again.seen()).toEqual(expected);
  expect(again.store.find(late!)!.record.state).toBe("queued");
  expect(again.store.find(ids[0]!)!.record.state).toBe("running");
  expect(again.store.find(ids[1999]!)!.record.state).toBe("cancelled");
  await again.close();
});

test("of many that are finished: one that is retried and one that is removed while they are sealed", async () => {
  const open = await OpenStore.open(directory());
  const ids = await submitted(open, 500);
  for (const id of ids) await open.lifecycle.cancel(id);
  const checkpoint = open.store.checkpoint();
  // The first is in the history by the time the last is in memory still.
  const [first, last] = [ids[0]!, ids[499]!];
  while (open.store.ledger.get(first)) await new Promise((resolve) => setImmediate(resolve));
  expect(open.store.ledger.get(last)).toBeDefined();
  await Promise.all([
    open.lifecycle.retry(first),
    open.lifecycle.remove(ids[1]!),
    open.lifecycle.retry(last),
    open.lifecycle.remove(ids[498]!),
  ]);
  await checkpoint;
  const expected = open.seen();
  expect(expected).toHaveLength(498);
  expect(open.store.counts()).toMatchObject({ queued: 2, cancelled: 496 });
  await open.close();

  const again = await OpenStore.open(open.dir);
  expect(again.store.problems).toEqual([]);
  expect(again.seen()).toEqual(expected);
  expect(again.store.counts()).toMatchObject({ queued: 2, cancelled: 496 });
  await again.close();
});

test("what is finished leaves memory once the journal has grown by 8 MiB", async () => {
  const open = await OpenStore.open(directory());
  const large = "ü".repeat(3000);
  const ids = await submitted(open, 1000, large);
  await Promise.all(ids.slice(0, 500).map((id) => open.lifecycle.cancel(id)));
  expect(existsSync(open.layout.document)).toBe(false);
  await submitted(open, 500, large);
  await vi.waitFor(() => expect(open.store.ledger.entries.size).toBe(1000), { timeout: 60_000 });
  expect(open.store.count({ state: ["cancelled"] })).toBe(500);
  await open.close();
});
