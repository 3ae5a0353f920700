/** Unreadable data is set aside and reported, never overwritten; foreign data is refused. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { PlaceError, prepareStateDir } from "../../../daemon/store/directories.js";
import { layoutOf } from "../../../daemon/store/layout.js";
import { OpenStore } from "../../harness/store.js";
import { useDirectories } from "../../harness/temporary.js";

const directory = useDirectories();

/** A closed store with a live operation and two sealed ones. */
async function closed(): Promise<{ dir: string; live: string; sealed: string[] }> {
  const open = await OpenStore.open(directory());
  const sealed = [await open.finished("succeeded"), await open.finished("failed")];
  const live = await open.submit();
  await open.close();
  return { dir: open.dir, live, sealed };
}

const aside = (file: string) =>
  readdirSync(dirname(file))
    .filter((name) => join(dirname(file), name).startsWith(`${file}.damaged-`))
    .map((name) => readFileSync(join(dirname(file), name), "utf8"));

describe("the state document", () => {
  test.each([
    "",
    "{",
    "null",
    "0",
    "[]",
    '{"format":2}',
    '{"format":1,"journal":"x","operations":[]}',
    "\0\0\0",
  ])("holding %j is put aside and said; the history is still there", async (text) => {
    const { dir, sealed } = await closed();
    const { document } = layoutOf(dir);
    writeFileSync(document, text);
    const open = await OpenStore.open(dir);
    expect(open.store.problems[0]).toContain(`${document} could not be read`);
    expect(aside(document)).toEqual([text]);
    for (const id of sealed) expect(open.store.find(id)).not.toBeNull();
    // What comes now is kept, although the journal begins anew.
    const fresh = await open.submit();
    await open.close();
    const again = await OpenStore.open(dir);
    expect(again.store.find(fresh)?.record.state).toBe("queued");
    expect(again.store.problems).toEqual([]);
    expect(aside(document)).toEqual([text]);
    await again.close();
  });

  test("damaged, as the one before it is too: all is there but the operation in whose line the damage is", async () => {
    const open = await OpenStore.open(directory());
    const [hit, cancelled, running, queued] = [
      await open.submit(),
      await open.submit(),
      await open.submit(),
      await open.submit(),
    ];
    await open.store.checkpoint();
    await open.lifecycle.cancel(cancelled);
    await open.start(running);
    await open.store.checkpoint();
    await open.finish(running, "failed");
    await open.lifecycle.retry(running);
    const later = await open.submit();
    await open.store.checkpoint();
    await open.start(later);
    await open.start(queued);
    const expected = open.seen().filter((line) => !line.startsWith(hit));
    const before = open.store.list({}, 100).map(({ record, queuedAt }) => [record.id, queuedAt]);
    const dir = directory();
    cpSync(open.dir, dir, { recursive: true });
    await open.close();
    const { document, previousDocument, journal } = layoutOf(dir);
    // The record of its submit.
    const segment = join(journal, readdirSync(journal)[0]!);
    writeFileSync(segment, readFileSync(segment, "utf8").replace(/^.*\n/, ""));
    for (const file of [document, previousDocument]) {
      const text = readFileSync(file, "utf8");
      writeFileSync(file, text.replace(`"id":"${hit}"`, `"id":"${hit.toUpperCase()}"`));
    }
    const again = await OpenStore.open(dir);
    expect(again.seen()).toEqual(expected);
    expect(again.store.list({}, 100).map(({ record, queuedAt }) => [record.id, queuedAt])).toEqual(
      before.filter(([id]) => id !== hit),
    );
    expect(again.store.problems.join("\n")).toMatch(/were salvaged from the intact lines/);
    const fresh = await again.submit();
    await again.close();
    const third = await OpenStore.open(dir);
    expect(third.seen().slice(1)).toEqual(expected);
    expect(third.store.find(fresh)?.record.state).toBe("queued");
    expect(third.store.problems).toEqual([]);
    await third.close();
  });

  test("gone: the one before it and the journal since tell all of it", async () => {
    const { dir, live } = await closed();
    const more = await OpenStore.open(dir);
    await more.start(live);
    await more.close();
    rmSync(layoutOf(dir).document);
    const again = await OpenStore.open(dir);
    expect(again.store.find(live)?.record.state).toBe("running");
    expect(again.store.problems.join("\n")).toMatch(/state.json is missing\n.*nothing is lost/);
    await again.close();
  });

  test("of any damage loses nothing where there is an earlier one", async () => {
    const { dir, live } = await closed();
    const more = await OpenStore.open(dir);
    const later = await more.submit();
    const retried = await more.finished("failed");
    await more.store.checkpoint();
    await more.lifecycle.retry(retried);
    await more.start(later);
    const expected = more.seen();
    expect(expected.at(0)).toContain(`${retried} queued`);
    await more.close();
    const { document } = layoutOf(dir);
    const bytes = readFileSync(document);
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    writeFileSync(document, bytes);
    const again = await OpenStore.open(dir);
    expect(again.seen()).toEqual(expected);
    expect(again.store.problems.join("\n")).toMatch(/nothing is lost/);
    expect(again.store.find(live)?.record.state).toBe("queued");
    await again.close();
  });

  test("put aside twice, both are kept", async () => {
    const { dir } = await closed();
    const { document } = layoutOf(dir);
    for (const text of ["first", "second"]) {
      writeFileSync(document, text);
      await (await OpenStore.open(dir)).close();
    }
    expect(aside(document).sort()).toEqual(["first", "second"]);
  });

  test("missing is a first start", async () => {
    const open = await OpenStore.open(directory());
    expect(open.store.problems).toEqual([]);
    expect(open.seen()).toEqual([]);
    await open.close();
  });
});

describe("the history", () => {
  test.each([
    ["deleted", (file: string) => rmSync(file)],
    [
      "no database",
      (file: string) => writeFileSync(file, "this is no database, not at all".repeat(100)),
    ],
    ["empty", (file: string) => writeFileSync(file, "")],
    [
      "cut in half",
      (file: string) =>
        writeFileSync(file, readFileSync(file).subarray(0, statSync(file).size / 2)),
    ],
  ])("an index that is %s is made anew", async (_what, damage) => {
    const { dir, live, sealed } = await closed();
    const index = join(layoutOf(dir).history, "index.sqlite");
    rmSync(`${index}-wal`, { force: true });
    damage(index);
    const open = await OpenStore.open(dir);
    expect(open.seen().map((line) => line.slice(0, 12))).toEqual([live, ...[...sealed].reverse()]);
    await open.close();
  });

  test("an index maps no file: a page without room on the disk would end the process by a signal", async () => {
    const { dir } = await closed();
    for (const where of [dir, directory()]) {
      const open = await OpenStore.open(where);
      await open.finished("succeeded");
      expect(readdirSync(layoutOf(where).history)).not.toContain("index.sqlite-shm");
      await open.close();
    }
  });

  test("an index whose pages were overwritten in the middle is made anew", async () => {
    const { dir, live, sealed } = await closed();
    const index = join(layoutOf(dir).history, "index.sqlite");
    const bytes = readFileSync(index);
    for (let page = 1; page * 4096 < bytes.length; page++) {
      const damaged = Buffer.from(bytes);
      damaged.fill(0xa5, page * 4096, (page + 1) * 4096);
      writeFileSync(index, damaged);
      const open = await OpenStore.open(dir);
      expect(open.seen().map((line) => line.slice(0, 12))).toEqual([
        live,
        ...[...sealed].reverse(),
      ]);
      expect(open.store.counts()).toMatchObject({ queued: 1, succeeded: 1, failed: 1 });
      await open.close();
    }
  });

  test("a damaged record is passed over and said, the others are there, after a rebuild too", async () => {
    const { dir, live, sealed } = await closed();
    const { history } = layoutOf(dir);
    const segment = join(history, "000001.ndjson");
    const bytes = readFileSync(segment);
    bytes[40]! ^= 1;
    writeFileSync(segment, bytes);
    for (const name of readdirSync(history))
      if (name.startsWith("index")) rmSync(join(history, name));
    const open = await OpenStore.open(dir);
    expect(open.store.problems).toEqual([expect.stringContaining("a damaged record of")]);
    expect(open.seen().map((line) => line.slice(0, 12))).toEqual([live, sealed[1]]);
    expect(aside(segment)).toHaveLength(1);
    await open.close();
  });
});

describe("the state dir", () => {
  test("of a newer format is refused, and nothing in it is touched", () => {
    const layout = layoutOf(directory());
    writeFileSync(layout.version, '{"format":2}');
    expect(() => prepareStateDir(layout)).toThrow(
      /written by a newer liveops \(format 2, this one reads 1\)/,
    );
    expect(readdirSync(layout.root)).toEqual(["version.json"]);
    expect(readFileSync(layout.version, "utf8")).toBe('{"format":2}');
  });

  test.each(["", "{}", '{"format":"1"}', '{"format":0}', "no json"])(
    "whose version.json holds %j is refused",
    (text) => {
      const layout = layoutOf(directory());
      writeFileSync(layout.version, text);
      expect(() => prepareStateDir(layout)).toThrow(/has no valid format/);
      expect(readFileSync(layout.version, "utf8")).toBe(text);
    },
  );

  test("that others may write is refused, one that others may read is closed to them", () => {
    for (const mode of [0o770, 0o707, 0o722]) {
      const dir = directory();
      chmodSync(dir, mode);
      expect(() => prepareStateDir(layoutOf(dir))).toThrow(PlaceError);
      expect(() => prepareStateDir(layoutOf(dir))).toThrow(`run: chmod 700 ${dir}`);
    }
    const dir = directory();
    chmodSync(dir, 0o755);
    const layout = layoutOf(dir);
    prepareStateDir(layout);
    for (const made of [dir, layout.journal, layout.history, layout.runs, layout.workers])
      expect(statSync(made).mode & 0o777).toBe(0o700);
    expect(statSync(layout.version).mode & 0o777).toBe(0o600);
  });

  test("that is a file, or under one, is refused in words", () => {
    const file = join(directory(), "file");
    writeFileSync(file, "");
    expect(() => prepareStateDir(layoutOf(file))).toThrow(PlaceError);
    expect(() => prepareStateDir(layoutOf(join(file, "below")))).toThrow(
      /cannot be created.*choose another/,
    );
  });

  test("is made with its parents", () => {
    const layout = layoutOf(join(directory(), "a", "b"));
    prepareStateDir(layout);
    expect(existsSync(layout.journal)).toBe(true);
  });

  test("of somebody else is refused", () => {
    const dir = join(directory(), "theirs");
    mkdirSync(dir, { mode: 0o700 });
    const { getuid } = process;
    process.getuid = () => statSync(dir).uid + 1;
    try {
      expect(() => prepareStateDir(layoutOf(dir))).toThrow(/belongs to another user/);
    } finally {
      process.getuid = getuid;
    }
  });
});
