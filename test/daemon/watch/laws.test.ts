/**
 * A client ends with the daemon's state, at any reading pace and with any number of reconnections.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fits } from "../../../daemon/watch/scope.js";
import { isFinal } from "../../../protocol/state.js";
import { applyWatchLine, EMPTY_VIEW, type WatchView } from "../../../protocol/watch.js";
import { cases } from "../../faults/mode.js";
import { FakeResponse } from "./fake-response.js";
import { ALL, WatchedWorld } from "./watched-world.js";

type Step =
  | { do: "submit" | "turn" | "drain" | "moved" }
  | {
      do:
        | ("start" | "progress" | "finish" | "hand over" | "remove" | "log")
        | ("edit" | "retry" | "remove queued");
      which: number;
    }
  | { do: "read" | "reconnect"; lines: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom<Step>(
      { do: "submit" },
      { do: "turn" },
      { do: "turn" },
      { do: "drain" },
    ),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom("start", "progress", "progress", "finish", "hand over", "remove", "log"),
      which: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("read", "reconnect"), lines: fc.nat({ max: 8 }) }),
  },
);

class Client {
  view: WatchView = EMPTY_VIEW;
  response: FakeResponse;
  #applied = 0;

  constructor(
    private readonly world: WatchedWorld,
    private readonly room: number,
    private readonly scope = ALL,
  ) {
    this.response = this.#connect();
  }

  read(lines: number): void {
    for (const line of this.response.lines.slice(this.#applied, this.#applied + lines))
      this.view = applyWatchLine(this.view, line);
    this.#applied = Math.min(this.response.lines.length, this.#applied + lines);
  }

  /** What it had not read yet is lost. */
  reconnect(): void {
    this.response.end();
    this.#applied = 0;
    this.response = this.#connect();
  }

  #connect(): FakeResponse {
    const response = new FakeResponse(this.room);
    this.world.hub.attach(this.scope, response.asResponse(), 0);
    return response;
  }
}

/** Runs the steps, then reads all that the daemon sends. */
async function run(world: WatchedWorld, client: Client, steps: readonly Step[]) {
  let ids = 0;
  const fresh = () => `op${++ids}`;
  for (const each of steps) {
    if (each.do === "submit") world.submit(fresh(), ids % 3 === 0 ? "b" : "a");
    else if (each.do === "turn") await world.turn();
    else if (each.do === "drain") client.response.drain();
    else if (each.do === "read") client.read(each.lines);
    else if (each.do === "reconnect") {
      client.read(each.lines);
      client.reconnect();
    } else if (each.do === "moved") world.moved();
    else if ("which" in each) act(world, each.do, each.which, fresh);
    expect(client.response.violations).toBe(0);
  }
  await world.turn();
  while (client.response.full) client.response.drain();
  world.moved();
  await world.turn();
  while (client.response.full) client.response.drain();
  client.read(Number.POSITIVE_INFINITY);
  expect(client.response.violations).toBe(0);
}

function act(world: WatchedWorld, doing: string, which: number, fresh: () => string): void {
  const all = [...world.operations.values()];
  const fitting = all.filter(({ state }) => {
    if (doing === "start" || doing === "edit" || doing === "remove queued")
      return state === "queued";
    return doing === "remove" || doing === "retry" ? isFinal(state) : state === "running";
  });
  const record = fitting[which % Math.max(1, fitting.length)];
  if (!record) return;
  if (doing === "start") world.start(record.id);
  else if (doing === "progress") world.progress(record.id, which % 100);
  else if (doing === "finish")
    world.finish(record.id, (["succeeded", "failed", "cancelled"] as const)[which % 3]!);
  else if (doing === "hand over") world.finish(record.id, "succeeded", fresh());
  else if (doing === "remove" || doing === "remove queued") world.remove(record.id);
  else if (doing === "edit") world.edit(record.id, which % 4);
  else if (doing === "retry") world.say(record.id, { type: "operation:retried", from: null });
  else world.log(record.id, 1 + (which % 3));
}

test("any changes, any pace, any reconnections", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      async (steps, room) => {
        const world = new WatchedWorld();
        const client = new Client(world, room);
        await run(world, client, steps);
        const shown = [...world.operations.keys()].map((id) => [id, world.shown(id)]);
        expect(Object.fromEntries(client.view.operations)).toEqual(Object.fromEntries(shown));
        client.response.end();
      },
    ),
    { numRuns: cases(300) },
  );
});

const queueStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom<Step>(
      { do: "submit" },
      { do: "submit" },
      { do: "turn" },
      { do: "drain" },
      { do: "moved" },
    ),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(["start", "start", "progress", "finish", "hand over", "retry"] as const),
        ...(["edit", "edit", "remove", "remove queued"] as const),
      ),
      which: fc.nat(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("read", "reconnect"), lines: fc.nat({ max: 8 }) }),
  },
);

test("a queue longer than what a stream sends: the client is right about all that it holds", async () => {
  let leftOut = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(queueStep, { maxLength: 80 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 3 }),
      fc.constantFrom(null, "a"),
      async (steps, room, queued, op) => {
        const world = new WatchedWorld();
        const scope = { ...ALL, queued, op };
        const client = new Client(world, room, scope);
        await run(world, client, steps);
        const { operations, counts, moreQueued } = client.view;
        for (const [id, record] of operations) expect(record).toEqual(world.shown(id));
        for (const record of world.operations.values())
          if (record.state !== "queued" && fits(scope, record))
            expect(operations.has(record.id)).toBe(true);
        for (const { id } of world.firstQueued(scope)) expect(operations.has(id)).toBe(true);
        const missing = world.queued(scope).filter(({ id }) => !operations.has(id));
        expect(moreQueued).toBe(missing.length);
        expect(counts.queued).toBe(world.queued(ALL).length);
        leftOut += moreQueued;
        client.response.end();
      },
    ),
    { numRuns: cases(600) },
  );
  expect(leftOut).toBeGreaterThan(0);
});

test("log lines of one operation: none missing, none twice, in order, over reconnections", async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ do: fc.constant("log" as const), count: fc.integer({ min: 1, max: 700 }) }),
      fc.record({
        do: fc.constantFrom("turn" as const, "drain" as const, "break" as const),
        count: fc.nat(),
      }),
    ),
    { maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (all, room) => {
      const world = new WatchedWorld();
      world.submit("op");
      world.start("op");
      const scope = { ...ALL, operation: "op", log: true };
      const seen: number[] = [];
      let response = new FakeResponse(room);
      const take = () => {
        for (const { lines } of response.of("log")) seen.push(...lines.map(({ n }) => n));
      };
      world.hub.attach(scope, response.asResponse(), 0);
      for (const { do: doing, count } of all) {
        if (doing === "log") world.log("op", count);
        else if (doing === "turn") await world.turn();
        else if (doing === "drain") response.drain();
        else {
          take();
          response.end();
          response = new FakeResponse(room);
          world.hub.attach(scope, response.asResponse(), seen.at(-1) ?? 0);
        }
      }
      world.finish("op", "succeeded");
      await world.turn();
      while (!response.ended) response.drain();
      take();
      const total = world.operations.get("op")!.logLines;
      expect(seen).toEqual(Array.from({ length: total }, (_, index) => index + 1));
      expect(response.violations).toBe(0);
      expect(response.lines.at(-1)).toEqual({ type: "end", id: "op", state: "succeeded" });
    }),
  );
});
