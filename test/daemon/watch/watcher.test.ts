/** Behaviours of watch streams, one by one. */
import { describe, expect, test, vi } from "vitest";
import { applyWatchLine, EMPTY_VIEW } from "../../../protocol/watch.js";
import { FakeResponse } from "./fake-response.js";
import { ALL, WatchedWorld } from "./watched-world.js";

const viewOf = (response: FakeResponse) => response.lines.reduce(applyWatchLine, EMPTY_VIEW);

function watching(world: WatchedWorld, scope = ALL, room?: number, logAfter = 0): FakeResponse {
  const response = new FakeResponse(room);
  world.hub.attach(scope, response.asResponse(), logAfter);
  return response;
}

function running(...ids: string[]): WatchedWorld {
  const world = new WatchedWorld();
  for (const id of ids) {
    world.submit(id);
    world.start(id);
  }
  return world;
}

test("a ping comes every two seconds, while somebody watches and reads", () => {
  vi.useFakeTimers();
  try {
    const world = running("one");
    const response = watching(world);
    const full = watching(world, ALL, 1);
    vi.advanceTimersByTime(6000);
    expect(response.of("ping")).toHaveLength(3);
    expect(full).toMatchObject({ violations: 0 });
    expect(full.of("ping")).toHaveLength(0);
    for (const each of [response, full]) each.end();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

describe("with histories, a stream has the history", () => {
  const told = (response: FakeResponse) => response.of("history").map(({ op }) => op);
  const settled = () => new Promise(setImmediate);

  test("of what runs after the snapshot, then of what starts, each once, and of what follows in a chain", async () => {
    const world = running("one", "two");
    world.followers.set("a", "b").set("b", "a");
    const response = watching(world, { ...ALL, histories: true });
    await settled();
    world.submit("three", "c");
    await settled();
    expect(told(response)).toEqual(["a", "b"]);
    world.start("three");
    world.progress("one", 10);
    await settled();
    expect([told(response), response.lines[0]?.type]).toEqual([["a", "b", "c"], "snapshot"]);
  });

  test("once it reads again, where it did not read", async () => {
    const world = running("one");
    const response = watching(world, { ...ALL, histories: true }, 1);
    await settled();
    expect([told(response), response.violations]).toEqual([[], 0]);
    response.drain();
    world.progress("one", 10);
    await settled();
    expect(told(response)).toEqual(["a"]);
  });
});

describe("the first line", () => {
  test("is a snapshot of all that fits, oldest first, with the counts", () => {
    const world = running("one", "two");
    world.finish("one", "failed");
    const [line, ...more] = watching(world).lines;
    expect(line).toMatchObject({ type: "snapshot", counts: { running: 1, failed: 1 } });
    expect(line?.type === "snapshot" && line.operations.map(({ id }) => id)).toEqual([
      "one",
      "two",
    ]);
    expect(more).toEqual([]);
  });

  test("keeps to the filter and the limit", () => {
    const world = new WatchedWorld();
    for (const id of ["f1", "f2", "f3"]) {
      world.submit(id);
      world.start(id);
      world.finish(id, "succeeded");
    }
    world.submit("other", "b");
    const ids = (scope: Partial<typeof ALL>) =>
      watching(world, { ...ALL, ...scope })
        .of("snapshot")[0]
        ?.operations.map(({ id }) => id);
    expect(ids({ limit: 2 })).toEqual(["f2", "f3", "other"]);
    expect(ids({ limit: 0 })).toEqual(["other"]);
    expect(ids({ op: "b" })).toEqual(["other"]);
    expect(ids({ state: ["succeeded"] })).toEqual(["f1", "f2", "f3"]);
    const parent = { id: "f1", attempt: 1, stage: null, occurrence: 0, call: 1 };
    for (const id of ["f3", "other"])
      world.operations.set(id, { ...world.operations.get(id)!, parent });
    expect(ids({ limit: 2, parent: "none" })).toEqual(["f1", "f2", "other"]);
  });
});

describe("changes", () => {
  test("of one turn are one line, with the changed keys alone", async () => {
    const world = running("one");
    const response = watching(world);
    for (let percent = 1; percent <= 50; percent++) world.progress("one", percent);
    await world.turn();
    const lines = response.of("changed");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.patch).toEqual({ percent: 50, seq: world.operations.get("one")!.seq });
  });

  test("of operations outside the filter are not sent, unless they matched before", async () => {
    const world = new WatchedWorld();
    world.submit("mine", "a");
    const response = watching(world, { ...ALL, op: "a", state: ["queued"] });
    world.submit("other", "b");
    await world.turn();
    world.start("mine");
    await world.turn();
    expect(response.of("changed").map(({ id, patch }) => [id, patch.state])).toEqual([
      ["mine", "running"],
    ]);
  });

  test("a removal is sent to each watcher that has the operation", async () => {
    const world = running("one");
    const response = watching(world);
    const other = watching(world, { ...ALL, op: "b" });
    world.finish("one", "failed");
    world.remove("one");
    await world.turn();
    expect(response.of("removed").map(({ id }) => id)).toEqual(["one"]);
    expect(other.of("removed")).toEqual([]);
    expect(viewOf(response).operations.size).toBe(0);
  });

  test("one that left memory is sent in full when it changes; its removal is sent", async () => {
    const world = running("one");
    const response = watching(world);
    world.finish("one", "failed");
    await world.turn();
    world.forget("one");
    world.say("one", { type: "operation:retried", from: null });
    await world.turn();
    expect(response.of("changed").at(-1)?.patch).toEqual(world.shown("one"));
    world.start("one");
    world.finish("one", "succeeded");
    await world.turn();
    world.forget("one");
    world.remove("one");
    await world.turn();
    expect(response.of("removed").map(({ id }) => id)).toEqual(["one"]);
    expect(viewOf(response).operations.size).toBe(0);
  });

  test("with a type filter, a link of another type that left memory is sent again", async () => {
    const world = running("one");
    const response = watching(world, { ...ALL, op: "a" });
    world.submit("two", "b", { id: "one", index: 1, previous: "one", next: null });
    world.finish("one", "succeeded", "two");
    await world.turn();
    world.start("two");
    world.finish("two", "failed");
    await world.turn();
    world.forget("two");
    world.say("two", { type: "operation:retried", from: null });
    await world.turn();
    expect(viewOf(response).operations.get("two")?.state).toBe("queued");
  });

  test("a hand-over is sent for an operation that left memory while the stream was full", async () => {
    const world = running("one");
    // The snapshot and two changes.
    const response = watching(world, ALL, 3);
    world.finish("one", "succeeded", "two");
    await world.turn();
    expect(response.full).toBe(true);
    expect(response.of("chained")).toEqual([]);
    world.forget("one");
    response.drain();
    await world.turn();
    expect(response.of("chained").map(({ from, to }) => [from, to])).toEqual([["one", "two"]]);
  });

  test("with a state filter, one that left memory and no longer matches is sent", async () => {
    const world = running("one");
    const response = watching(world, { ...ALL, state: ["running", "failed"] });
    world.finish("one", "failed");
    await world.turn();
    world.forget("one");
    world.say("one", { type: "operation:retried", from: null });
    await world.turn();
    expect(viewOf(response).operations.get("one")?.state).toBe("queued");
  });

  test("a start moves a queue by one line, and no record of it", async () => {
    const world = new WatchedWorld();
    for (let n = 0; n < 500; n++) world.submit(`op${n}`);
    const [response, one] = [watching(world), watching(world, { ...ALL, operation: "op9" })];
    world.start("op0");
    world.moved();
    await world.turn();
    expect(response.lines.slice(1).map(({ type }) => type)).toEqual(["changed", "moved", "counts"]);
    for (const id of ["op1", "op499"])
      expect(viewOf(response).operations.get(id)?.queuePosition).toBe(
        world.shown(id)!.queuePosition,
      );
    expect(one.of("changed").map(({ patch }) => patch)).toEqual([{ queuePosition: 9 }]);
    // The order is the same: there is nothing to say.
    world.moved();
    await world.turn();
    expect([response.lines.length, one.lines.length]).toEqual([4, 2]);
  });

  test("counts come when they change, once", async () => {
    const world = running("one");
    const response = watching(world);
    world.progress("one", 1);
    await world.turn();
    expect(response.of("counts")).toEqual([]);
    world.finish("one", "failed");
    await world.turn();
    expect(response.of("counts").map(({ counts }) => counts.failed)).toEqual([1]);
  });
});

describe("a slow reader", () => {
  test("gets nothing until it drains, then the current state", async () => {
    const world = running("one", "two", "three");
    const response = watching(world, ALL, 1);
    for (let turn = 1; turn <= 100; turn++) {
      for (const id of ["one", "two", "three"]) world.progress(id, turn);
      await world.turn();
    }
    expect(response.lines).toHaveLength(1);
    while (response.full) response.drain();
    expect(response.of("changed")).toHaveLength(3);
    for (const { patch } of response.of("changed")) expect(patch.percent).toBe(100);
    expect(response.violations).toBe(0);
  });

  test("that drains between two changes of the same operation is not sent the first again", async () => {
    const world = running("one", "two", "three");
    const response = watching(world, ALL, 1);
    response.drain();
    for (const id of ["one", "two", "three"]) world.progress(id, 1);
    await world.turn();
    response.drain();
    const { id } = response.of("changed")[1]!;
    world.progress(id, 2);
    while (response.full) response.drain();
    await world.turn();
    while (response.full) response.drain();
    expect(viewOf(response).operations.get(id)?.percent).toBe(2);
  });
});

describe("one operation", () => {
  const one = { ...ALL, operation: "one" };

  test("ends with it, and the stream closes", async () => {
    const world = running("one");
    const response = watching(world, one);
    world.submit("other");
    await world.turn();
    world.finish("one", "cancelled");
    await world.turn();
    expect(response.lines.map((line) => line.type)).toEqual(["snapshot", "changed", "end"]);
    expect(response.lines.at(-1)).toEqual({ type: "end", id: "one", state: "cancelled" });
    expect(response.ended).toBe(true);
    expect(world.hub.watchers).toBe(0);
  });

  test("that is finished ends at once", () => {
    const world = running("one");
    world.finish("one", "failed");
    const response = watching(world, one);
    expect(response.lines.map((line) => line.type)).toEqual(["snapshot", "end"]);
  });

  test("that hands over ends without its successor, unless the chain is followed", async () => {
    const world = running("one");
    const plain = watching(world, one);
    const following = watching(world, { ...one, followChain: true });
    world.finish("one", "succeeded", "two");
    await world.turn();
    expect(plain.lines.at(-1)).toMatchObject({ type: "end", id: "one" });
    expect(following.of("chained")).toEqual([
      expect.objectContaining({ from: "one", to: "two", operation: world.shown("two") }),
    ]);
    world.start("two");
    world.finish("two", "succeeded", "three");
    await world.turn();
    world.start("three");
    world.finish("three", "failed");
    await world.turn();
    expect(following.of("chained").map(({ to }) => to)).toEqual(["two", "three"]);
    expect(following.lines.at(-1)).toEqual({ type: "end", id: "three", state: "failed" });
  });

  test("of a chain that is over is followed to its last link at once", () => {
    const world = running("one");
    world.finish("one", "succeeded", "two");
    world.start("two");
    world.finish("two", "cancelled");
    const response = watching(world, { ...one, followChain: true });
    expect(response.lines.map((line) => line.type)).toEqual(["snapshot", "chained", "end"]);
    expect(response.lines.at(-1)).toEqual({ type: "end", id: "two", state: "cancelled" });
  });

  test("whose successor was removed is the last link", () => {
    const world = running("one");
    world.finish("one", "succeeded", "two");
    world.start("two");
    world.finish("two", "failed");
    world.remove("two");
    const response = watching(world, { ...one, followChain: true });
    expect(response.lines.at(-1)).toEqual({ type: "end", id: "one", state: "succeeded" });
  });

  test("that is cancelled and removed in one step gets its end", async () => {
    const world = running("one");
    const response = watching(world, one);
    world.finish("one", "cancelled");
    world.remove("one");
    await world.turn();
    expect(response.lines.map((line) => line.type)).toEqual(["snapshot", "removed", "end"]);
    expect(response.lines.at(-1)).toEqual({ type: "end", id: "one", state: "cancelled" });
  });

  test("that is removed closes the stream without an end", async () => {
    const world = running("one");
    const response = watching(world, one);
    world.remove("one");
    await world.turn();
    expect(response.lines.map((line) => line.type)).toEqual(["snapshot", "removed"]);
    expect(response.ended).toBe(true);
  });

  test("a slow reader gets all lines of the log before the news that it is over", async () => {
    const world = running("one");
    const response = watching(world, { ...one, log: true }, 1);
    world.log("one", 1700);
    world.finish("one", "succeeded");
    await world.turn();
    while (!response.ended) response.drain();
    const types = response.lines.map((line) => line.type);
    expect(types).toEqual(["snapshot", "log", "log", "log", "log", "changed", "end"]);
    expect(response.of("log").flatMap(({ lines }) => lines.map(({ n }) => n))).toEqual(
      Array.from({ length: 1700 }, (_, index) => index + 1),
    );
    expect(response.violations).toBe(0);
  });

  test("lines before logAfter are not sent again", async () => {
    const world = running("one");
    world.log("one", 5);
    await world.turn();
    const response = watching(world, { ...one, log: true }, undefined, 3);
    expect(response.of("log").flatMap(({ lines }) => lines.map(({ n }) => n))).toEqual([4, 5]);
  });

  test("the log of each link is sent from its first line", async () => {
    const world = running("one");
    const response = watching(world, { ...one, log: true, followChain: true });
    world.log("one", 2);
    world.finish("one", "succeeded", "two");
    world.start("two");
    world.log("two", 3);
    world.finish("two", "succeeded");
    await world.turn();
    const sent = response.of("log").flatMap(({ id, lines }) => lines.map(({ n }) => `${id} ${n}`));
    expect(sent).toEqual(["one 1", "one 2", "two 1", "two 2", "two 3"]);
  });
});

test("the end of an operation is sent though the daemon notes the finished ones in the same turn", async () => {
  const world = running("one");
  const response = watching(world);
  world.finish("one", "succeeded");
  world.hub.changed(null, world.operations.get("one")!);
  await world.turn();
  expect(viewOf(response).operations.get("one")).toEqual(world.operations.get("one"));
});

describe("several watchers", () => {
  test("that keep up read new lines from memory, not from disk", async () => {
    const world = running("one");
    const scope = { ...ALL, operation: "one", log: true };
    const both = [watching(world, scope), watching(world, scope)];
    for (let turn = 0; turn < 10; turn++) {
      world.log("one", 3);
      await world.turn();
    }
    for (const response of both)
      expect(response.of("log").flatMap(({ lines }) => lines)).toHaveLength(30);
    expect(world.reads).toBe(0);
  });

  test("a closed watcher is removed", async () => {
    const world = running("one");
    const response = watching(world);
    response.end();
    expect(world.hub.watchers).toBe(0);
    world.progress("one", 3);
    await world.turn();
    expect(response.lines).toHaveLength(1);
  });
});
