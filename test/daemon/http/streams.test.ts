/**
 * The event stream and the watch stream over a real socket with the real client; edge cases of the
 * server.
 */
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Client } from "../../../protocol/client/client.js";
import { ConnectionLostError } from "../../../protocol/client/errors.js";
import { newId } from "../../../protocol/id.js";
import type { EventLine } from "../../../protocol/stream-lines.js";
import { applyWatchLine, EMPTY_VIEW, type WatchLine } from "../../../protocol/watch.js";
import { disk, useFailingDisk } from "../../harness/failing-disk.js";
import { submission } from "../../harness/records.js";
import { Served } from "../../harness/served.js";
import { useDirectories } from "../../harness/temporary.js";

useFailingDisk();
const directory = useDirectories();
let served: Served;
let client: Client;
beforeEach(async () => {
  served = await Served.start(directory());
  client = await served.listen();
});
afterEach(() => {
  disk.heal();
  return served.close();
});

type Snapshot = Extract<WatchLine, { type: "snapshot" }>;

async function all<T>(lines: AsyncIterable<T>): Promise<T[]> {
  const out: T[] = [];
  for await (const line of lines) out.push(line);
  return out;
}

/** The next line that is of the type. */
async function next<T extends { type: string }>(
  lines: AsyncGenerator<T>,
  type: string,
): Promise<T> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the stream ended without ${type}`);
    if (value.type === type) return value;
  }
}

const types = (lines: EventLine[]) => lines.map(({ type }) => type);

describe("events", () => {
  async function ran(): Promise<string> {
    const id = await served.submit();
    const sink = await served.run(id);
    sink.event({ type: "attempt:accepted", pid: 1 }, true);
    sink.event({ type: "stage:entered", stage: "Load", index: 0 }, true);
    sink.line("log", "Load", "one\ntwo");
    sink.event(
      {
        type: "attempt:finished",
        state: "failed",
        result: null,
        error: null,
        next: null,
        seconds: 1,
      },
      true,
    );
    await served.finish(id, "failed");
    return id;
  }

  test("are all events in order, lines among them where asked for, and no end unless followed", async () => {
    const id = await ran();
    const events = ["operation:submitted", "attempt:started", "attempt:accepted", "stage:entered"];
    expect(types(await all(client.events(id)))).toEqual([
      ...events,
      "attempt:finished",
      "operation:finished",
    ]);
    const withLog = await all(client.events(id, { log: true }));
    expect(types(withLog)).toEqual([
      ...events,
      "log:line",
      "log:line",
      "attempt:finished",
      "operation:finished",
    ]);
    expect(withLog.map((line) => "seq" in line && line.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await all(client.events(id, { follow: true }))).at(-1)).toEqual({
      type: "end",
      state: "failed",
    });
  });

  test("are refused where a file of them cannot be read", async () => {
    const id = await ran();
    disk.unreadable = /\/log\.ndjson$/;
    await expect(all(client.events(id, { log: true }))).rejects.toMatchObject({
      status: 503,
      code: "LIVEOPS_RUN_FILES_UNREADABLE",
    });
  });

  test("from any number on", async () => {
    const id = await ran();
    expect(types(await all(client.events(id, { after: 6, log: true })))).toEqual([
      "attempt:finished",
      "operation:finished",
    ]);
    expect(await all(client.events(id, { after: 99 }))).toEqual([]);
  });

  test("come as they happen, over several attempts, to the end", async () => {
    const id = await served.submit();
    const lines = client.events(id, { follow: true, log: true });
    expect(await next(lines, "operation:submitted")).toMatchObject({ seq: 1 });
    const sink = await served.run(id);
    expect(await next(lines, "attempt:started")).toMatchObject({ attempt: 1 });
    sink.line("stdout", null, "hello");
    served.read(id);
    expect(await next(lines, "log:line")).toMatchObject({ n: 1, text: "hello", stream: "stdout" });
    const again = { reason: "its worker died", next: 2, tries: 0, delay: 0 };
    const { seq } = served.open.store.ledger.get(id)!.record;
    await served.open.lifecycle.conclude(id, 1, Math.max(seq, 3), () => ({ requeue: again }));
    await next(lines, "attempt:requeued");
    await served.run(id);
    expect(await next(lines, "attempt:started")).toMatchObject({ attempt: 2 });
    await served.finish(id, "succeeded");
    expect(await next(lines, "end")).toEqual({ type: "end", state: "succeeded" });
    expect((await lines.next()).done).toBe(true);
  });

  test("of a queued one that is cancelled end with it", async () => {
    const id = await served.submit();
    const lines = client.events(id, { follow: true });
    await next(lines, "operation:submitted");
    await client.cancel(id);
    expect(types(await all(lines))).toEqual(["operation:finished", "end"]);
  });

  test("of one that is removed meanwhile break off", async () => {
    const id = await served.finished("failed");
    const lines = client.events(id, { follow: true, after: 0 });
    expect((await all(lines)).at(-1)?.type).toBe("end");
    await client.remove(id);
    await expect(all(client.events(id))).rejects.toMatchObject({
      code: "LIVEOPS_NO_SUCH_OPERATION",
    });
  });

  test("of nothing are refused as every route does", async () => {
    await expect(all(client.events("abcabcabcabc"))).rejects.toMatchObject({
      code: "LIVEOPS_NO_SUCH_OPERATION",
    });
    const id = await served.submit();
    await expect(all(client.events(id, { after: -1 }))).rejects.toMatchObject({
      code: "LIVEOPS_BAD_REQUEST",
    });
  });
});

describe("watch", () => {
  test("follows an operation and its chain to the end", async () => {
    const id = await served.submit();
    const lines = client.watch({ operation: id, follow: "chain", log: true });
    expect(await next(lines, "snapshot")).toMatchObject({ operations: [{ id, state: "queued" }] });
    const sink = await served.run(id);
    sink.line("log", null, "hello");
    served.read(id);
    expect(await next(lines, "log")).toMatchObject({ id, lines: [{ n: 1, text: "hello" }] });
    const to = newId();
    await served.finish(
      id,
      "succeeded",
      submission({ id: to, chain: { id, index: 1, previous: id, next: null } }),
    );
    expect(await next(lines, "chained")).toMatchObject({
      from: id,
      to,
      operation: { id: to, state: "queued" },
    });
    await client.cancel(to);
    expect(await all(lines)).toContainEqual({ type: "end", id: to, state: "cancelled" });
  });

  test("a reader that stops costs little, and gets everything when it reads again", async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => served.submit()));
    for (const id of ids) await served.run(id);
    const lines = client.watch({});
    let view = applyWatchLine(EMPTY_VIEW, await next(lines, "snapshot"));
    for (let round = 1; round <= 200; round++) {
      for (const id of ids) {
        const entry = served.open.store.ledger.get(id)!;
        const before = entry.record;
        entry.record = {
          ...before,
          percent: round / 2,
          status: { text: "x".repeat(2000), level: "info" },
        };
        served.context.hub.changed(before, entry.record);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    // 16 MB went by; a queue of what happened would still hold most of it.
    let received = 0;
    while ([...view.operations.values()].some(({ percent }) => percent !== 100)) {
      const { value } = await lines.next();
      received += JSON.stringify(value).length;
      view = applyWatchLine(view, value as WatchLine);
    }
    expect(received).toBeLessThan(8_000_000);
    await lines.return(undefined);
  });

  test("breaks off where the daemon stops", async () => {
    const lines = client.watch({});
    await next(lines, "snapshot");
    const rest = all(lines);
    served.context.hub.stop();
    await expect(rest).rejects.toThrow(ConnectionLostError);
  });

  test.each([{ operation: "abcabcabcabc" }, { operation: "ab" }])(
    "of %j is refused",
    async (query) => {
      await expect(all(client.watch(query))).rejects.toMatchObject({
        code: "LIVEOPS_NO_SUCH_OPERATION",
      });
    },
  );
});

describe("the server", () => {
  test("answers invalid HTTP with a problem, and closes", async () => {
    const socket = connect(served.context.settings.socket);
    socket.end("this is no HTTP\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += chunk;
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text.toLowerCase()).toContain("content-type: application/problem+json");
    expect(JSON.parse(text.slice(text.indexOf("\r\n\r\n"))).code).toBe("LIVEOPS_BAD_REQUEST");
  });

  test("sends the first of a long queue, and counts the others", async () => {
    const submitted = await Promise.all(Array.from({ length: 503 }, () => served.submit()));
    const first = await served.submit({ priority: 1 });
    const lines = client.watch({});
    const { operations, counts, moreQueued } = (await next(lines, "snapshot")) as Snapshot;
    expect({ counts, moreQueued }).toMatchObject({ counts: { queued: 504 }, moreQueued: 4 });
    expect(operations).toHaveLength(500);
    expect(operations.map(({ id }) => id)).toContain(first);
    const last = submitted.at(-1)!;
    await served.run(last);
    for (;;) {
      const line = (await next(lines, "changed")) as Extract<WatchLine, { type: "changed" }>;
      if (line.id !== last) continue;
      expect(line.patch).toMatchObject({ id: last, state: "running" });
      break;
    }
    expect(await next(lines, "counts")).toMatchObject({ counts: { queued: 503 }, moreQueued: 3 });
    await lines.return(undefined);
  });

  test("takes twenty watchers and lets each go", async () => {
    const streams = Array.from({ length: 20 }, () => client.watch({}));
    await Promise.all(streams.map((lines) => next(lines, "snapshot")));
    expect(served.context.hub.watchers).toBe(20);
    await Promise.all(streams.map((lines) => lines.return(undefined)));
    // A connection that is gone is known once its close has come through.
    while (served.context.hub.watchers > 0) await new Promise((resolve) => setImmediate(resolve));
  });
});
